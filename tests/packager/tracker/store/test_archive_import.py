from __future__ import annotations

import json
from typing import Any

import pytest
from issue_samples import NOW, Filled, finding, reported

from packager.tracker import intake
from packager.tracker.administration import create_token, import_archive
from packager.tracker.core.actions import AddComment, AddLabel, Resolve
from packager.tracker.core.moments import HOUR
from packager.tracker.store.archive import export_lines
from packager.tracker.store.archive_import import ArchiveError, ImportCounts
from packager.tracker.store.audit import audit_entries
from packager.tracker.store.outbox import keep_position, last_event, position, untold
from packager.tracker.store.selection import Selection
from packager.tracker.store.store import Store
from packager.tracker.store.tokens import TokenScope


def exported(store: Store) -> list[bytes]:
    with store.read() as reader:
        return list(export_lines(reader))


def imported(store: Store, lines: list[bytes]) -> ImportCounts:
    with store.write() as writer:
        return import_archive(writer, lines, "ana", NOW)


def without_audit(lines: list[bytes]) -> list[bytes]:
    return [line for line in lines if b'"type":"audit"' not in line]


def all_tables(store: Store) -> dict[str, list[dict[str, Any]]]:
    names = ("issue", "event", "point", "label", "observation", "tally", "cause", "version")
    with store.read() as reader:
        tables = {
            name: sorted((dict(row) for row in reader.db.rows(f"select * from {name}")), key=str)
            for name in names
        }
    tables["tally"] = [row for row in tables["tally"] if row["n"]]
    for row in tables["event"]:
        del row["id"], row["imported"]
    for row in tables["issue"]:
        row["record"] = json.loads(row["record"])
    tables["event"].sort(key=str)
    return tables


@pytest.mark.slow
def test_an_empty_store_of_any_kind_becomes_the_same(filled: Filled, store: Store) -> None:
    """Issues keep their numbers, so that addresses go on working."""
    lines = exported(filled.store)
    assert imported(store, lines) == ImportCounts(len(filled.issues), 0, 0)
    assert all_tables(store) == all_tables(filled.store)
    assert without_audit(exported(store)) == without_audit(lines)
    with store.read() as reader, filled.store.read() as original:
        for text in ("scanner", "grosse gre"):
            query = Selection(text=text, states=())
            assert reader.page(query) == original.page(query)


def test_a_second_import_changes_nothing(filled: Filled, store: Store) -> None:
    lines = exported(filled.store)
    imported(store, lines)
    before = all_tables(store)
    assert imported(store, lines) == ImportCounts(0, 0, len(filled.issues))
    assert all_tables(store) == before


def test_stores_merge_by_fingerprint(new_store: Any) -> None:
    """The later record is kept, with the history of both in order of time."""
    ours, theirs = new_store(), new_store()
    reported(ours, finding(subject="feature=x"), now=NOW)
    [shared] = reported(ours, finding(), now=NOW)
    reported(theirs, finding(), now=NOW + 60)
    [other] = reported(theirs, finding(subject="feature=y"), now=NOW + 60)
    with ours.write() as writer:
        intake.act(writer, shared.id, AddLabel(label="ours"), "ana", NOW + 30)
    with theirs.write() as writer:
        intake.act(writer, 1, Resolve(reason="fixed"), "bo", NOW + HOUR)
        intake.act(writer, other.id, AddComment(text="zebra"), "bo", NOW + HOUR)
    assert imported(ours, exported(theirs)) == ImportCounts(1, 1, 0)
    with ours.read() as reader:
        merged = reader.issue(shared.id)
        assert merged is not None
        assert (merged.state, merged.closed_by, merged.labels) == ("resolved", "bo", ())
        history = [(one.event.at - NOW, one.event.what) for one in reader.events(shared.id)]
        assert history == [(3600, "resolved"), (60, "opened"), (30, "labelled"), (0, "opened")]
        [added] = reader.page(Selection(text="zebra")).issues
        assert (added.id, added.cause) == (3, shared.id)
        assert sum(one.n for one in reader.tallies()) == 3
    assert imported(ours, exported(theirs)) == ImportCounts(0, 0, 2)
    assert imported(theirs, exported(ours)) == ImportCounts(1, 0, 2)


def test_no_secret_is_exported(store: Store) -> None:
    with store.write() as writer:
        secret = create_token(writer, "ci", TokenScope.REPORT, "ana", NOW)
        writer.keep_setting("session_key", "key-of-sessions")
        writer.keep_setting("told/mail", "7")
        writer.keep_setting("scan/f", "7.5")
    hashes = [row["hash"] for row in _rows(store, "select hash from token")]
    text = b"".join(exported(store)).decode()
    assert not [one for one in (secret, "key-of-sessions", *hashes) if one in text]
    assert "told" not in text
    assert '"name":"scan/f","value":"7.5"' in text
    assert "token added" in text


def _rows(store: Store, sql: str) -> list[Any]:
    with store.read() as reader:
        return list(reader.db.rows(sql))


def test_a_deed_is_in_the_audit_once(store: Store) -> None:
    with store.write() as writer:
        create_token(writer, "ci", TokenScope.REPORT, "ana", NOW)
    imported(store, exported(store))
    with store.read() as reader:
        deeds = [(one.who, one.what, one.text) for one in audit_entries(reader)]
    assert deeds == [
        ("ana", "imported", "0 issues added, 0 changed, 0 the same"),
        ("ana", "token added", "ci, scope report"),
    ]


def test_channels_are_not_told_what_an_import_brings(new_store: Any) -> None:
    ours, theirs = new_store(), new_store()
    reported(theirs, finding())
    reported(ours, finding(subject="feature=x"))
    with ours.write() as writer:
        keep_position(writer, "mail", last_event(writer))
        keep_position(writer, "late", 0)
    imported(ours, exported(theirs))
    with ours.read() as reader:
        news = {name: untold(reader, position(reader, name) or 0) for name in ("mail", "late")}
    assert [len(news[name]) for name in ("mail", "late")] == [0, 2]


HEAD = b'{"format":"issues/1"}\n'
END = b'{"type":"end","issues":0}\n'


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "expected an end after line 0: the file is only a part"),
        ([HEAD], "expected an end after line 1: the file is only a part"),
        ([b'{"format":"issues/2"}'], "line 1: format: expected 'issues/1'"),
        ([b"\xff"], "line 1: "),
        ([HEAD, b"[" * 100_000], "line 2: "),
        ([HEAD, b'{"type":"token","hash":"x"}'], "line 2: "),
        ([HEAD, END, END], "line 3: expected nothing after the end"),
        ([HEAD, b'{"type":"end","issues":1}'], "line 2: expected 1 issues, got 0"),
        (
            [HEAD, b'{"type":"point","issue":"f","at":0,"value":1}', END],
            "line 2: expected the fingerprint of an issue above, got 'f'",
        ),
        (
            [HEAD, b'{"type":"point","issue":"f","at":0,"value":NaN}', END],
            "line 2: point.value: expected a finite number",
        ),
    ],
)
def test_something_else_is_refused_with_its_line(
    store: Store, lines: list[bytes], message: str
) -> None:
    with pytest.raises(ArchiveError) as refused:
        imported(store, lines)
    assert str(refused.value).startswith(message)


def test_a_bad_line_undoes_the_import(store: Store, new_store: Any) -> None:
    theirs = new_store()
    reported(theirs, finding())
    lines = exported(theirs)
    forged = [line.replace(b"feature=carat", b"feature=other") for line in lines]
    for bad in (lines[:-1], [*lines[:-1], b"{}"], forged):
        with pytest.raises(ArchiveError):
            imported(store, bad)
    assert all(rows == [] for rows in all_tables(store).values())


def test_a_huge_number_takes_no_room_from_later_issues(store: Store, new_store: Any) -> None:
    theirs = new_store()
    reported(theirs, finding())
    lines = [line.replace(b'"id":1,', b'"id":9007199254740992,') for line in exported(theirs)]
    imported(store, lines)
    assert [one.id for one in reported(store, finding(subject="feature=x"))] == [2]
