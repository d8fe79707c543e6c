"""An untrusted log can't open tables outside its parent folder, unless that is allowed."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from packager.cli.commands import app
from packager.cli.console import ConsoleProgress
from packager.errors import UsageError
from packager.location import Location
from packager.report.lineage_svg import lineage_svg
from packager.review.apply_table import STEP, apply_to_table
from packager.tables.allowed_locations import AllowedLocations
from packager.tables.commit import commit_derived, commit_rows
from packager.tables.commits import Authorship
from packager.tables.delta import VersionedTable
from packager.tables.lineage import lineage, lineage_text
from packager.tables.records import Derivation, Parent
from packager.tables.source import open_source

pytestmark = pytest.mark.slow


@pytest.fixture
def opened(monkeypatch):
    """The places of all tables that are looked for or opened."""
    asked = []
    for name in ("exists", "open"):
        kept = getattr(VersionedTable, name)

        def asks(location, kept=kept):
            asked.append(location.uri)
            return kept(location)

        monkeypatch.setattr(VersionedTable, name, asks)
    return asked


def table(place, tmp_path, parents=(), step="steps:clean"):
    """A table whose commit says it was made of ``parents``."""
    pq.write_table(pa.table({"id": [1]}), tmp_path / "rows.parquet")
    named = tuple(Parent(table=parent, version=0, content="x") for parent in parents)
    location = Location(str(place))
    source = open_source(tmp_path / "rows.parquet")
    if parents:
        derived = Derivation(parents=named, step=step, digest="x", params={})
        commit_derived(source, location, Authorship("", "me"), derived)
    else:
        commit_rows(source, location, "", "me")
    return location


ELSEWHERE = [
    "../../secret/t",
    "{top}/secret/t",
    "file://{top}/secret/t",
    "s3://elsewhere/t",
    "http://127.0.0.1:9/t",
    "../link",
    "../../own-but-longer/t",
]


@pytest.mark.parametrize("named", ELSEWHERE)
@pytest.mark.parametrize("by", ["commit", "pin"])
def test_a_table_elsewhere_is_reported_and_not_opened(tmp_path, named, by, opened):
    for folder in ("secret", "own-but-longer"):
        table(tmp_path / folder / "t", tmp_path)
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "link").symlink_to(tmp_path / "secret" / "t")
    named = named.format(top=tmp_path)
    place = table(tmp_path / "own" / "t", tmp_path, [named] if by == "commit" else [])
    if by == "pin":
        (place.path / "_package_pins").mkdir()
        pin = {"version": 1, "needed_by": "table x", "table": named}
        (place.path / "_package_pins" / "x.json").write_text(json.dumps(pin))
    opened.clear()
    done = CliRunner().invoke(app, ["data", "lineage", str(place)])
    out, err = done.stdout, done.stderr
    assert set(opened) == {place.uri}
    assert done.exit_code == 0
    other = place.beside(named).uri
    assert f"{other}: named by a log, is not beside" in err
    assert f"--follow {other}" in err
    assert "(not opened)" in out
    assert "(stale)" not in out


@pytest.mark.parametrize("follow", ["secret/t", "secret", "."])
def test_a_table_elsewhere_is_opened_where_that_is_queried(tmp_path, follow, opened):
    other = table(tmp_path / "secret" / "t", tmp_path)
    place = table(tmp_path / "own" / "t", tmp_path, ["../../secret/t"])
    nodes = lineage(place, [Location(str(tmp_path / follow))])
    assert nodes[other.uri].opened
    assert "(not opened)" not in lineage_text(nodes)
    assert "this table was derived from version 0" in lineage_text(nodes)


def test_tables_beside_each_other_are_opened(tmp_path):
    raw = table(tmp_path / "own" / "raw", tmp_path)
    made = table(tmp_path / "own" / "made", tmp_path, ["../raw"])
    assert lineage(made)[raw.uri].opened
    assert "not opened" not in lineage_svg(lineage(made))


def test_stores_have_the_same_rule():
    reach = AllowedLocations.of(Location("s3://bucket/tables/made"))
    assert reach.has(Location("s3://bucket/tables/raw"))
    odd = ["s3://bucket/other", "s3://bucket/tables/../other", "s3://bucket/tables/%2e%2e/other"]
    odd += ["s3://bucket2/tables/raw", "gs://bucket/tables/raw", "/tables/raw", "tables\\..\\raw"]
    for uri in odd:
        assert not reach.has(Location(uri)), uri
    assert not AllowedLocations.of(Location("s3://bucket")).has(Location("s3://other"))


def test_verdicts_are_applied_to_no_table_that_only_a_log_names(tmp_path, opened):
    table(tmp_path / "secret" / "t", tmp_path)
    place = table(tmp_path / "own" / "t", tmp_path, ["../../secret/t"], STEP)
    opened.clear()
    with pytest.raises(UsageError, match="expected the table that its verdicts were applied to"):
        apply_to_table(place, (), None, "me", ConsoleProgress(), lambda _: None)
    assert set(opened) == {place.uri}
