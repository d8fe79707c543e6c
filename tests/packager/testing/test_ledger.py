"""The ledger: one file for each test, found by what the result depends on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tested_packages import report

from packager.errors import PackageError, UsageError
from packager.testing.ledger import (
    FOLDER,
    Ledger,
    LedgerEntry,
    LedgerKey,
    file_lines,
    refuse_unreadable,
)

KEY = LedgerKey(root="a" * 64, policy="p", runtime="r", files=("new.csv 123",))


def entry(
    key: LedgerKey = KEY, tested: str = "2026-01-01", version: int | None = None
) -> LedgerEntry:
    made = report()
    return LedgerEntry(
        key=key, tag="1.0", data="table", version=version, tested=tested, report=made
    )


def test_an_entry_is_found_by_its_key_alone(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "state")
    assert ledger.find(KEY) is None
    ledger.record(entry())
    assert ledger.find(KEY) == entry()
    for change in ({"root": "b"}, {"policy": "q"}, {"runtime": "s"}, {"files": ("new.csv 4",)}):
        assert ledger.find(KEY.model_copy(update=change)) is None


def test_the_history_is_in_order_of_time(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    for place, day in enumerate(("2026-01-03", "2026-01-01", "2026-01-02")):
        ledger.record(entry(KEY.model_copy(update={"policy": str(place)}), day, place))
    name = report().name
    assert [one.tested for one in ledger.entries(name)] == [
        "2026-01-01",
        "2026-01-02",
        "2026-01-03",
    ]
    assert ledger.entries("another") == []
    assert ledger.last_version(KEY.root, "table") == 2
    assert ledger.last_version(KEY.root, "other") is None
    assert ledger.seen_files(KEY.root) == {"123"}
    assert ledger.seen_files("b" * 64) == frozenset()


def test_a_damaged_entry_is_an_error(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.record(entry())
    (file,) = tmp_path.glob("*.json")
    written = json.loads(file.read_text())
    file.write_text("{")
    with pytest.raises(PackageError, match="expected the record of a test, got another file"):
        ledger.entries("tiny")
    file.write_text(json.dumps({**written, "more": 1}))
    with pytest.raises(PackageError, match="got one of another version of this program") as caught:
        ledger.entries("tiny")
    assert "remove it" in caught.value.hint


def test_names_with_blanks_keep_their_digest() -> None:
    assert file_lines([("b c.csv", "2"), ("a.csv", "1")]) == ("a.csv 1", "b c.csv 2")


def test_a_file_is_no_ledger(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(PackageError, match="expected a folder, got a file"):
        refuse_unreadable(tmp_path / "state", tmp_path / "new.csv")
    with pytest.raises(PackageError, match="expected a folder, got a file"):
        refuse_unreadable(tmp_path / "state" / "below", tmp_path / "new.csv")


def test_entries_are_not_written_among_the_data(tmp_path: Path) -> None:
    for state in (tmp_path, tmp_path / "state"):
        with pytest.raises(UsageError, match="expected a folder outside the new data"):
            refuse_unreadable(state, tmp_path)
    refuse_unreadable(tmp_path / FOLDER, tmp_path / "new")


def test_an_entry_is_parsed_once_for_all_questions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger(tmp_path)
    ledger.record(entry(version=1))
    parsed: list[Path] = []
    load = LedgerEntry.load

    def counting(path: Path) -> LedgerEntry:
        parsed.append(path)
        return load(path)

    monkeypatch.setattr(LedgerEntry, "load", counting)
    assert ledger.find(KEY) is not None
    assert len(ledger.entries(report().name)) == 1
    assert ledger.last_version(KEY.root, "table") == 1
    assert ledger.seen_files(KEY.root) == {"123"}
    assert len(parsed) == 1


def test_a_test_in_turn_with_an_earlier_package_is_another_test(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.record(entry())
    assert ledger.find(KEY.model_copy(update={"previous": "b" * 64})) is None
