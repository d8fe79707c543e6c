"""Derived tables: computed once, stale when a parent changes, kept from gc."""

import os

import pandas as pd
import pytest

from packager.errors import PackageError, UsageError
from packager.location import Location
from packager.progress import Silent
from packager.report.lineage_svg import lineage_svg
from packager.tables.checkout import revert
from packager.tables.delta import VersionedTable
from packager.tables.derive import derive, stale
from packager.tables.lineage import lineage, lineage_text
from packager.tables.pins import Pin, pin, pins
from packager.tables.reach import Reach
from packager.tables.step import CodeStep
from packager.tables.vacuum import vacuum

STEPS = """
from pathlib import Path
import helpers

def clean(raw, *, least=0):
    with Path("runs").open("a") as runs:
        runs.write("x")
    return raw[raw.x >= helpers.FACTOR * least]

def joined(left, right):
    return left.merge(right[["id"]], on="id")

def wrong(raw):
    return 7
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "steps.py").write_text(STEPS)
    (tmp_path / "helpers.py").write_text("FACTOR = 1\n")
    return tmp_path


@pytest.fixture
def raw(tmp_path, commit, frame):
    location = Location(str(tmp_path / "raw"))
    commit(frame, location=location)
    return location


@pytest.fixture
def clean(tmp_path):
    return Location(str(tmp_path / "clean"))


def run(project, location, parents, text="steps:clean", is_command=False, **params):
    step = CodeStep(text, params, is_command)
    return derive(location, parents, step, "m", "me", project, Silent())


def runs(project):
    return len((project / "runs").read_text())


def stale_now(location):
    return stale(location, VersionedTable.open(location).latest, Reach.of(location))


def test_a_step_runs_once_for_equal_parents_code_and_parameters(project, raw, clean, commit, frame):
    made = run(project, clean, [raw], least=3)
    assert (made.how, made.version.derived.parents[0].version) == ("computed", 1)
    assert made.version.derived.params == {"least": 3}
    assert run(project, clean, [raw], least=3).how == "unchanged"
    assert runs(project) == 1
    assert run(project, clean, [raw], least=4).how == "computed"
    (project / "helpers.py").write_text("FACTOR = 2\n")
    assert run(project, clean, [raw], least=4).how == "computed"
    commit(frame.assign(x=frame["x"] + 1), location=raw)
    assert run(project, clean, [raw], least=4).how == "computed"
    assert runs(project) == 4


def test_a_reverted_parent_makes_what_is_derived_stale_and_its_old_result_current(
    project, raw, clean, commit, frame
):
    run(project, clean, [raw])
    commit(frame.assign(x=frame["x"] + 1), location=raw)
    assert "raw is at 2, it was made of 1" in stale_now(clean)[0]
    run(project, clean, [raw])
    revert(Location(raw.uri, 1), "", "me")
    assert "raw is at 3, it was made of 2" in stale_now(clean)[0]
    back = run(project, clean, [raw])
    assert (back.how, back.version.reverted_to) == ("reverted", 1)
    assert stale_now(clean) == []
    assert runs(project) == 2


def test_lineage_draws_what_is_above_and_below_and_what_is_stale(
    project, raw, clean, commit, frame
):
    both = Location(str(project / "both"))
    run(project, clean, [raw])
    run(project, both, [raw, clean], "steps:joined")
    assert lineage_text(lineage(raw)).splitlines() == [
        "raw@1",
        "├─ both@1  ← steps:joined",
        "└─ clean@1  ← steps:clean",
        "   └─ both@1  ← steps:joined",
    ]
    commit(frame.assign(x=0.5), location=raw)
    nodes = lineage(both)
    text = lineage_text(nodes)
    assert "clean@1  (stale)" in text
    assert "clean is stale itself" in text
    svg = lineage_svg(nodes)
    assert svg.count("<rect") == 4  # and the paper
    assert svg.count("stroke-dasharray") == 2
    assert svg.count('<path d="M') == 4  # and the tip of the arrows
    assert svg.count(">@1<") == 3


def test_a_command_is_a_step_too(project, raw, clean):
    assert run(project, clean, [raw], "cp {raw} {out}", is_command=True).how == "computed"
    assert run(project, clean, [raw], "cp {raw} {out}", is_command=True).how == "unchanged"
    with pytest.raises(PackageError, match=r"expected a Parquet file at \{out\}, got none"):
        run(project, clean, [raw], "true", is_command=True)
    with pytest.raises(PackageError, match="ended with 1; nothing was committed"):
        run(project, clean, [raw], "false", is_command=True)
    with pytest.raises(UsageError, match="can't be started"):
        run(project, clean, [raw], "no-such-program", is_command=True)


def test_a_step_that_is_none_commits_nothing(project, raw, clean, capfd):
    with pytest.raises(PackageError, match="ended with 3; nothing was committed"):
        run(project, clean, [raw], "steps:wrong")
    assert "expected a DataFrame, got int" in capfd.readouterr().err
    with pytest.raises(UsageError, match="expected module `absent`"):
        run(project, clean, [raw], "absent:clean")
    with pytest.raises(UsageError, match="expected other tables as parents"):
        run(project, raw, [raw])
    assert not VersionedTable.exists(clean)
    run(project, clean, [raw])
    with pytest.raises(UsageError, match=r"parents that are not made of it, got .*clean"):
        run(project, raw, [clean])


def test_gc_keeps_what_packages_and_derived_tables_name(project, raw, clean, commit, frame):
    run(project, clean, [raw])
    for shift in (1, 2, 3):
        commit(frame.assign(x=frame["x"] + shift), location=raw)
    pin(raw, Pin(version=2, needed_by="package shop 1-abc"))
    told = vacuum(raw, 1, [], delete=False)
    assert told.kept == {
        1: ("table clean",),
        2: ("package shop 1-abc",),
        4: ("among the newest",),
    }
    assert len(told.files) == 1
    assert told.size > 0
    assert vacuum(raw, 1, [3], delete=True).files == ()
    assert vacuum(raw, 1, [], delete=True).files == told.files
    store = VersionedTable.open(raw)
    assert [v.number for v in store.versions] == [1, 2, 3, 4]
    for number in (1, 2, 4):
        assert len(pd.concat(list(store.frames(number)))) == 200
    with pytest.raises(PackageError, match="the rows of this version are not there any more"):
        list(store.frames(3))
    with pytest.raises(PackageError, match="not there any more") as caught:
        revert(Location(raw.uri, 3), "", "me")
    assert caught.value.hint == "they were removed by `package data gc`, or by hand"
    assert vacuum(raw, 1, [], delete=True).files == ()


def test_tables_that_move_together_know_each_other(project, raw, clean, tmp_path):
    run(project, clean, [raw])
    os.makedirs(tmp_path / "elsewhere")
    for name in ("raw", "clean"):
        os.rename(tmp_path / name, tmp_path / "elsewhere" / name)
    moved = Location(str(tmp_path / "elsewhere" / "raw"))
    assert "clean@1  ← steps:clean" in lineage_text(lineage(moved))


def test_tables_of_an_object_store_are_derived_noted_and_collected(
    project, tmp_path, commit, frame
):
    # deltalake's own file system, as for s3://; benchmarks/object_store.py asks a real server.
    raw, clean = Location(f"file://{tmp_path}/raw"), Location(f"file://{tmp_path}/clean")
    for shift in (0, 1, 2):
        commit(frame.assign(x=frame["x"] + shift), location=raw)
    (tmp_path / "raw" / "_package_pins").mkdir()
    (tmp_path / "raw" / "_package_pins" / ".half-written").write_text('{"version"')
    assert run(project, clean, [Location(raw.uri, 1)]).how == "computed"
    assert [(pin.version, pin.table) for pin in pins(raw)] == [(1, clean.uri)]
    assert "clean@1  (stale)  ← steps:clean" in lineage_text(lineage(raw))
    assert len(vacuum(raw, 1, [], delete=True).files) == 1
    assert VersionedTable.open(raw).has_rows(1)
    assert not VersionedTable.open(raw).has_rows(2)


def test_the_note_is_there_before_the_commit_it_is_for(project, raw, clean, monkeypatch):
    def killed(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(VersionedTable, "commit", killed)
    with pytest.raises(KeyboardInterrupt):
        run(project, clean, [raw])
    assert [pin.needed_by for pin in pins(raw)] == ["table clean"]
