"""Formats, shards, and the names of what is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from scored_packages import rows, scored_package

from packager.errors import UsageError
from packager.scoring.plan import form_of, parse_shard


def test_the_format_is_given_or_that_of_the_output(tmp_path: Path) -> None:
    (tmp_path / "table" / "_delta_log").mkdir(parents=True)
    assert form_of(tmp_path / "table", None) == "delta"
    assert form_of(Path("scores.csv"), None) == "csv"
    assert form_of(Path("scores.csv"), "parquet") == "parquet"
    assert form_of(Path("scores"), None) == "parquet"


@pytest.mark.parametrize("text", ["", "1", "0/4", "5/4", "a/4", "1/", "-1/4", "1/0", "1/4/2"])
def test_a_shard_is_a_number_of_a_number(text: str) -> None:
    assert parse_shard("2/4") == (2, 4)
    with pytest.raises(UsageError, match="--shard: expected I/N with I from 1 to N"):
        parse_shard(text)


def test_the_plan_depends_on_what_the_parts_depend_on(tmp_path: Path) -> None:
    made = scored_package(tmp_path)
    data = made.write(rows(300))
    first = made.planned(made.request(data)).plan
    assert first.id == made.planned(made.request(data, "elsewhere", resume=True)).plan.id
    assert first.id == made.planned(made.request(data, shard=(1, 2))).plan.id
    others = [made.request(data, bad="skip"), made.request(data, keep=("id",))]
    others.append(made.request(made.write(rows(300, 1), "other.parquet")))
    assert len({first.id, *(made.planned(asked).plan.id for asked in others)}) == 4
    delta = made.planned(made.request(data, form="delta")).plan
    assert delta.part(7).name == f"part-00007-{made.manifest.root[:12]}-{delta.id[:12]}.parquet"
    assert delta.state == made.folder / "out" / "_scores" / delta.id[:12]
