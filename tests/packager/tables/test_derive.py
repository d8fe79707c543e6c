"""Derived tables: computed once, stale when a parent changes, protected from gc."""

import os

import pytest
from derived_tables import run

from packager.location import Location
from packager.tables.allowed_locations import AllowedLocations
from packager.tables.checkout import revert
from packager.tables.delta import VersionedTable
from packager.tables.derive import stale
from packager.tables.lineage import lineage, lineage_text
from packager.tables.pins import pins
from packager.tables.vacuum import vacuum


def runs(steps):
    return len((steps / "runs").read_text())


def stale_now(location):
    return stale(location, VersionedTable.open(location).latest, AllowedLocations.of(location))


@pytest.mark.slow
def test_a_step_runs_once_for_equal_parents_code_and_parameters(steps, raw, clean, commit, frame):
    made = run(steps, clean, [raw], least=3)
    assert (made.outcome, made.version.derived.parents[0].version) == ("computed", 1)
    assert made.version.derived.params == {"least": 3}
    assert run(steps, clean, [raw], least=3).outcome == "unchanged"
    assert runs(steps) == 1
    assert run(steps, clean, [raw], least=4).outcome == "computed"
    (steps / "helpers.py").write_text("FACTOR = 2\n")
    assert run(steps, clean, [raw], least=4).outcome == "computed"
    commit(frame.assign(x=frame["x"] + 1), location=raw)
    assert run(steps, clean, [raw], least=4).outcome == "computed"
    assert runs(steps) == 4


@pytest.mark.slow
def test_a_reverted_parent_makes_what_is_derived_stale_and_its_old_result_current(
    steps, raw, clean, commit, frame
):
    run(steps, clean, [raw])
    commit(frame.assign(x=frame["x"] + 1), location=raw)
    assert "raw is at version 2; this table was derived from version 1" in stale_now(clean)[0]
    run(steps, clean, [raw])
    revert(Location(raw.uri, 1), "", "me")
    assert "raw is at version 3; this table was derived from version 2" in stale_now(clean)[0]
    back = run(steps, clean, [raw])
    assert (back.outcome, back.version.reverted_to) == ("reverted", 1)
    assert stale_now(clean) == []
    assert runs(steps) == 2


@pytest.mark.slow
def test_tables_that_move_together_know_each_other(steps, raw, clean, tmp_path):
    run(steps, clean, [raw])
    os.makedirs(tmp_path / "elsewhere")
    for name in ("raw", "clean"):
        os.rename(tmp_path / name, tmp_path / "elsewhere" / name)
    moved = Location(str(tmp_path / "elsewhere" / "raw"))
    assert "clean@1  ← steps:clean" in lineage_text(lineage(moved))


@pytest.mark.slow
def test_tables_of_an_object_store_are_derived_noted_and_collected(steps, tmp_path, commit, frame):
    # deltalake's own file system, as for s3://; benchmarks/object_store.py asks a real server.
    raw, clean = Location(f"file://{tmp_path}/raw"), Location(f"file://{tmp_path}/clean")
    for shift in (0, 1, 2):
        commit(frame.assign(x=frame["x"] + shift), location=raw)
    (tmp_path / "raw" / "_package_pins").mkdir()
    (tmp_path / "raw" / "_package_pins" / ".half-written").write_text('{"version"')
    assert run(steps, clean, [Location(raw.uri, 1)]).outcome == "computed"
    assert [(pin.version, pin.table) for pin in pins(raw)] == [(1, clean.uri)]
    assert "clean@1  (stale)  ← steps:clean" in lineage_text(lineage(raw))
    assert len(vacuum(raw, 1, [], delete=True).files) == 1
    assert VersionedTable.open(raw).has_rows(1)
    assert not VersionedTable.open(raw).has_rows(2)


@pytest.mark.slow
def test_the_note_is_there_before_the_commit_it_is_for(steps, raw, clean, monkeypatch):
    def killed(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(VersionedTable, "commit", killed)
    with pytest.raises(KeyboardInterrupt):
        run(steps, clean, [raw])
    assert [pin.needed_by for pin in pins(raw)] == ["table clean"]
