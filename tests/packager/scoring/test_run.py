"""Scoring a table: parts, resuming, shards, rejected rows, formats; equal bytes in every way."""

from __future__ import annotations

import filecmp
import io
import itertools
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from command import NO_ENGINE, Package, package
from pyarrow import parquet
from scored_packages import (
    SUMS,
    Rule,
    ScoredPackage,
    answers,
    contents,
    rows,
    run,
    scored_package,
    solution_package,
)
from solution_projects import claims

from packager.cache import atomic_file
from packager.digest import canonical_json
from packager.errors import PackageError, UsageError
from packager.model.hosted import SolutionMemberError
from packager.replicas.counters import ModelSelector, scrape_replicas
from packager.scoring import score_units
from packager.scoring.parts import record_part
from packager.scoring.plan import SUCCESS, WORK
from tests.support.solution_samples import loaded_solution

pytestmark = pytest.mark.slow

TABLE = rows(950)


class KilledError(BaseException):
    """As a signal: nothing that was begun is undone."""


@pytest.fixture
def made(tmp_path: Path) -> ScoredPackage:
    return scored_package(tmp_path)


def test_each_row_group_is_a_part_and_rows_keep_their_order(made: ScoredPackage) -> None:
    asked = made.request(made.write(TABLE), keep=("id",))
    done = run(made, asked)
    assert (done.rows, done.parts, done.made, done.complete) == (950, 10, 10, True)
    found = answers(asked.output)
    assert found["id"].to_pylist() == list(range(950))
    frame = TABLE.select(["size", "rank", "colour", "new"]).to_pandas()
    assert found["prediction"].to_pylist() == Rule().predict(frame).tolist()
    assert np.array_equal(found["probability yes"].to_numpy(), Rule().predict_proba(frame)[:, 1])
    assert set(found["version"].to_pylist()) == {made.manifest.tag}
    assert {flag for own in found["flags"].to_pylist() for flag in own} >= {"colour:unseen"}
    assert {path.name for path in asked.output.iterdir()} == {
        *(f"part-{unit:05}-{made.manifest.root[:12]}.parquet" for unit in range(10)),
        *("_SUCCESS", "_counters.json", "_parts.jsonl", "_plan.json"),
    }


def test_partitions_are_columns_of_a_scored_folder(made: ScoredPackage) -> None:
    plain = TABLE.filter(pc.is_valid(TABLE["colour"])).sort_by([("colour", "ascending")])
    folder = made.folder / "set"
    for colour in ("blue", "green", "mauve", "red"):
        (folder / f"colour={colour}").mkdir(parents=True)
        part = plain.filter(pc.equal(plain["colour"], colour)).drop_columns(["colour"])
        made.write(part, f"set/colour={colour}/part.parquet")
    keep = ("id", "colour")
    run(made, made.request(str(folder), keep=keep))
    run(made, made.request(made.write(plain, group=len(plain)), "expected", keep=keep))
    found, expected = answers(made.folder / "out"), answers(made.folder / "expected")
    for name in ("id", "colour", "prediction", "probability yes", "flags"):
        assert found[name].to_pylist() == expected[name].to_pylist(), name


STEPS: Sequence[tuple[str, Callable[[pytest.MonkeyPatch, Callable[..., Any]], None]]] = [
    (
        "atomic_file of a record",
        lambda patch, by: patch.setattr("packager.scoring.parts.atomic_file", by),
    ),
    ("record_part", lambda patch, by: patch.setattr(score_units, "record_part", by)),
    ("sums", lambda patch, by: patch.setattr("packager.scoring.finish.atomic_file", by)),
    ("clearing", lambda patch, by: patch.setattr("packager.scoring.finish.shutil.rmtree", by)),
]


ONCE = ("clearing",)
"""Steps that a run takes once only."""


@pytest.mark.parametrize(
    ("step", "after"),
    [
        pytest.param(step, after, id=f"{name}-{after}")
        for step, (name, _) in enumerate(STEPS)
        for after in ((0,) if name in ONCE else (0, 1, 3))
    ],
)
@pytest.mark.sample(5)
def test_a_run_that_is_killed_anywhere_resumes_to_the_same_bytes(
    made: ScoredPackage, monkeypatch: pytest.MonkeyPatch, step: int, after: int
) -> None:
    data = made.write(TABLE, group=200)
    whole = made.request(data, "whole", bad="skip")
    run(made, whole)
    asked = made.request(data, "killed", bad="skip")
    calls = itertools.count()

    def killed(*_: object, **__: object) -> Any:
        if next(calls) == after:
            raise KilledError
        return passed(*_, **__)

    originals = [atomic_file, score_units.record_part, atomic_file, lambda *_, **__: None]
    passed: Any = originals[step]
    with monkeypatch.context() as patch:
        STEPS[step][1](patch, killed)
        with pytest.raises(KilledError):
            run(made, asked)
    if not (asked.output / SUCCESS).exists():
        name = f".part-00000-{made.manifest.root[:12]}.parquet.0000"
        (asked.output / name).write_bytes(b"half")
        (asked.output / "._parts.jsonl.half").write_bytes(b"half")
    done = run(made, made.request(data, "killed", bad="skip", resume=True))
    assert done.complete
    assert contents(asked.output) == contents(whole.output)


def test_a_member_that_ends_ends_the_run_which_is_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = solution_package(tmp_path)
    data = made.write(TABLE, group=200)
    with loaded_solution(tmp_path / "solution", SUMS) as solution:
        whole = made.request(data, "whole", bad="skip")
        run(made, whole, solution)
        asked = made.request(data, bad="skip")

        def recorded(*given: Any) -> None:
            record_part(*given)
            (tmp_path / "solution" / "code" / "kill").touch()

        with monkeypatch.context() as patch:
            patch.setattr(score_units, "record_part", recorded)
            with pytest.raises(SolutionMemberError, match=r"^member 'double' ended with signal"):
                run(made, asked, solution)
        assert not (asked.output / SUCCESS).exists()
        until = time.monotonic() + 60
        while solution.native.states["double"] != "ready":
            assert time.monotonic() < until
            time.sleep(0.02)
        done = run(made, made.request(data, bad="skip", resume=True), solution)
        assert (done.rows, done.rejected, done.made) == (950, 0, 4)
        assert contents(asked.output) == contents(whole.output)


@pytest.mark.long
def test_a_built_solution_is_scored_in_shards_and_resumed(
    local_solution: Package, tmp_path: Path
) -> None:
    data = tmp_path / "rows.parquet"
    parquet.write_table(pa.Table.from_pandas(claims(400, 5)), data, row_group_size=100)

    def scored(output: str, *options: str) -> str:
        command = ("score", local_solution.reference, "--local", "--data", data, "--keep", "id")
        done = package(*command, "--output", tmp_path / output, *options, env=NO_ENGINE)
        assert done.code == 0, done.err
        return done.out

    assert "400 rows in 4 parts" in scored("whole")
    table = answers(tmp_path / "whole")
    command = ("predict", local_solution.reference, "--local", "--data", data, "--format", "csv")
    predicted = package(*command, env=NO_ENGINE)
    assert predicted.code == 0, predicted.err
    expected = pd.read_csv(io.StringIO(predicted.out))["prediction"]
    assert table["prediction"].to_pylist() == expected.tolist()
    assert "other shards are not done yet" in scored("shards", "--shard", "1/2")
    part = sorted((tmp_path / "shards").glob("part-*"))[1]
    part.write_bytes(part.read_bytes()[:-1])
    assert "other shards" in scored("shards", "--shard", "1/2", "--resume")
    assert scored("shards", "--shard", "2/2").startswith("400 rows in 4 parts")
    assert contents(tmp_path / "shards") == contents(tmp_path / "whole")


def test_resuming_makes_only_what_is_missing_or_damaged(made: ScoredPackage) -> None:
    data = made.write(TABLE, group=200)
    run(made, made.request(data, "whole"))
    first = made.request(data, shard=(1, 2))
    assert not run(made, first).complete
    parts = sorted(first.output.glob("part-*"))
    assert len(parts) == 3
    parts[1].write_bytes(parts[1].read_bytes()[:-1])
    done = run(made, made.request(data, shard=(1, 2), resume=True))
    assert (done.made, done.parts, done.complete) == (1, 3, False)
    run(made, made.request(data, shard=(2, 2)))
    assert contents(first.output) == contents(made.folder / "whole")


@pytest.mark.parametrize("order", [(1, 2, 3, 4), (3, 1, 4, 2)])
def test_shards_in_any_order_are_the_whole(made: ScoredPackage, order: Sequence[int]) -> None:
    data = made.write(TABLE)
    run(made, made.request(data, "whole", keep=("id",)))
    for number in order:
        done = run(made, made.request(data, keep=("id",), shard=(number, 4)))
        assert done.complete == (number == order[-1])
    assert contents(made.folder / "out") == contents(made.folder / "whole")


def test_an_output_that_exists_is_refused(made: ScoredPackage) -> None:
    data = made.write(TABLE)
    asked = made.request(data)
    run(made, asked)
    before = contents(asked.output)
    with pytest.raises(UsageError, match="expected no such output, got that of an earlier") as e:
        run(made, asked)
    assert "--resume" in (e.value.hint or "")
    with pytest.raises(UsageError, match="got one that differs in: keep"):
        run(made, made.request(data, keep=("id",), resume=True))
    assert run(made, made.request(data, resume=True)).made == 0
    assert contents(asked.output) == before
    with pytest.raises(UsageError, match="expected no such output"):
        run(made, made.request(data, shard=(1, 2)))
    (made.folder / "other").mkdir()
    (made.folder / "other" / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="got one with other files"):
        run(made, made.request(data, "other"))


def test_a_finished_part_that_was_changed_is_named(made: ScoredPackage) -> None:
    data = made.write(TABLE, group=500)
    asked = made.request(data)
    run(made, asked)
    part = min(asked.output.glob("part-*"))
    part.write_bytes(b"other")
    with pytest.raises(PackageError, match=f"{part.name}: expected .* bytes with the recorded"):
        run(made, made.request(data, resume=True))


def bad_rows() -> pa.Table:
    sizes = TABLE["size"].to_pylist()
    sizes[3], sizes[400], sizes[401] = float("inf"), 13.0, 13.0
    return TABLE.set_column(1, "size", pa.array(sizes, pa.float64()))


def test_bad_rows_fail_are_left_out_or_null(made: ScoredPackage) -> None:
    data = made.write(bad_rows())
    with pytest.raises(PackageError, match=r'row 3, column "size": expected a finite'):
        run(made, made.request(data))
    skipped = made.request(data, "skipped", bad="skip", keep=("id",))
    done = run(made, skipped)
    assert (done.rows, done.rejected) == (947, 3)
    ids = answers(skipped.output)["id"].to_pylist()
    assert ids == [one for one in range(950) if one not in (3, 400, 401)]
    nulls = made.request(data, "nulls", bad="null", keep=("id",))
    assert run(made, nulls).rows == 950
    found = answers(nulls.output)
    assert found["id"].to_pylist() == list(range(950))
    for name in ("prediction", "probability yes", "flags"):
        gone = [row for row, value in enumerate(found[name].to_pylist()) if value is None]
        assert gone == [3, 400, 401]
    lines = (nulls.output / "_rejects.csv").read_text().splitlines()
    assert lines[0] == "row,reason"
    assert [line.partition(",")[0] for line in lines[1:]] == ["3", "400", "401"]
    assert "13 brings bad luck" in lines[2]
    other = (skipped.output / "_rejects.csv").read_bytes()
    assert other == (nulls.output / "_rejects.csv").read_bytes()


def test_counters_are_those_of_all_parts_and_package_drift_reads_them(made: ScoredPackage) -> None:
    data = made.write(TABLE)
    run(made, made.request(data, "whole"))
    run(made, made.request(made.write(TABLE, "one.parquet", group=10_000), "one"))
    whole = scrape_replicas([str(made.folder / "whole")], ModelSelector(None, None))
    one = scrape_replicas([str(made.folder / "one" / "_counters.json")], ModelSelector(None, None))
    assert whole.values == one.values
    assert whole.source == "1 scored table"
    assert not whole.cumulative
    assert whole.of("model_slice_predictions_total")["__all__",] == 950
    both = scrape_replicas(
        [str(made.folder / "whole"), str(made.folder / "one")], ModelSelector(None, None)
    )
    assert both.of("model_slice_predictions_total")["__all__",] == 1900
    assert both.source == "2 scored tables"


def test_csv_gives_the_answers_of_parquet(
    made: ScoredPackage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("packager.scoring.units.CSV_ROWS", 300)
    source = made.folder / "rows.csv"
    TABLE.to_pandas().to_csv(source, index=False)
    run(made, made.request(made.write(TABLE), "typed"))
    asked = made.request(str(source), "texts")
    assert run(made, asked).parts == 4
    assert answers(asked.output).equals(answers(made.folder / "typed"))
    as_csv = made.request(made.write(TABLE), "scores", form="csv", keep=("colour",))
    run(made, as_csv)
    first = (as_csv.output / f"part-00000-{made.manifest.root[:12]}.csv").read_text().splitlines()
    assert first[0] == "colour,prediction,probability no,probability yes,flags,version"
    assert len(first) == 101


def test_a_csv_that_was_half_scored_goes_on_in_the_middle(
    made: ScoredPackage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("packager.scoring.units.CSV_ROWS", 100)
    source = made.folder / "rows.csv"
    TABLE.to_pandas().to_csv(source, index=False)
    run(made, made.request(str(source), "whole", keep=("id",)))
    for number in (2, 1):
        run(made, made.request(str(source), keep=("id",), shard=(number, 2)))
    comparison = filecmp.dircmp(made.folder / "whole", made.folder / "out")
    assert (comparison.diff_files, comparison.left_only, comparison.right_only) == ([], [], [])


def test_what_cannot_be_scored_is_said(made: ScoredPackage) -> None:
    data = made.write(TABLE)
    with pytest.raises(UsageError, match="--keep nothing: expected a column of"):
        run(made, made.request(data, keep=("nothing",)))
    with pytest.raises(UsageError, match="expected rows, got none"):
        run(made, made.request(made.write(TABLE.slice(0, 0), "empty.parquet")))
    both = made.write(TABLE.rename_columns(["flags", *TABLE.column_names[1:]]), "both.parquet")
    with pytest.raises(UsageError, match="--keep flags: expected a column that the answers lack"):
        run(made, made.request(both, keep=("flags",)))
    short = made.write(TABLE.drop_columns(["rank"]), "short.parquet")
    with pytest.raises(UsageError, match=r"short.parquet: expected the column 'rank', got none"):
        run(made, made.request(short, bad="skip"))
    begun = made.request(data)
    made.planned(begun).plan.begin(resume=False, units=())
    record = made.folder / "out" / WORK / "00000.json"
    record.write_bytes(canonical_json({"part": 1}))
    with pytest.raises(PackageError, match="expected the record of a part") as caught:
        run(made, made.request(data, resume=True))
    assert "remove this file" in (caught.value.hint or "")


def test_the_list_of_parts_has_their_digests(made: ScoredPackage) -> None:
    asked = made.request(made.write(TABLE, group=500))
    run(made, asked)
    lines = (asked.output / "_parts.jsonl").read_text().splitlines()
    listed = [json.loads(line) for line in lines]
    assert [(one["unit"], one["rows"]) for one in listed] == [(0, 500), (1, 450)]
    for one in listed:
        assert parquet.read_metadata(asked.output / one["file"]).num_rows == one["rows"]


def test_a_second_run_in_the_same_output_is_refused(made: ScoredPackage) -> None:
    asked = made.request(made.write(TABLE))
    plan = made.planned(asked).plan
    plan.begin(resume=False, units=())
    with plan.alone((1, 1)):
        for shard in ((1, 1), (1, 2)):
            with (
                pytest.raises(UsageError, match="expected no other run in it, got one"),
                plan.alone(shard),
            ):
                pass
    with plan.alone((1, 2)), plan.alone((2, 2)):
        for shard in ((1, 2), (1, 1)):
            with pytest.raises(UsageError, match="one that is at work"), plan.alone(shard):
                pass


def test_a_run_that_fails_before_its_first_part_leaves_nothing(made: ScoredPackage) -> None:
    texts = pa.array(["large"] * TABLE.num_rows)
    odd = TABLE.set_column(TABLE.column_names.index("size"), "size", texts)
    asked = made.request(made.write(odd))
    with pytest.raises(PackageError, match='row 0, column "size"'):
        run(made, asked)
    assert not asked.output.exists()


def test_a_folder_that_cannot_be_made_is_said(made: ScoredPackage) -> None:
    (made.folder / "file").touch()
    asked = made.request(made.write(TABLE), output="file/scores")
    with pytest.raises(PackageError, match="file/scores: can't be written: Not a directory"):
        run(made, asked)
