from __future__ import annotations

import multiprocessing
import os
import sqlite3
import subprocess
import tempfile
from pathlib import Path

import pytest
from issue_samples import NOW, finding, reported

from packager.errors import PackageError
from packager.tracker import intake
from packager.tracker.core.actions import AddComment
from packager.tracker.store import sqlite_connection
from packager.tracker.store.database import StoreError
from packager.tracker.store.schema import STEPS, Step
from packager.tracker.store.selection import Selection
from packager.tracker.store.sqlite import SqliteStore


def issues_of(store: SqliteStore) -> list[str]:
    with store.read() as reader:
        return [one.subject for one in reader.page(Selection(states=())).issues]


@pytest.fixture
def store(tmp_path: Path) -> SqliteStore:
    return SqliteStore(tmp_path / "issues.db")


def test_a_reader_sees_one_moment_while_another_writes(store: SqliteStore) -> None:
    reported(store, finding())
    with store.read() as reader:
        before = reader.page(Selection())
        reported(store, finding(subject="feature=x"))
        assert reader.page(Selection()) == before
    assert len(issues_of(store)) == 2


def test_an_error_undoes_the_whole_transaction(store: SqliteStore) -> None:
    def fail(number: int) -> None:
        with store.write() as writer:
            intake.receive(writer, intake.Report(findings=(finding(),)), NOW)
            number // 0

    with pytest.raises(ZeroDivisionError):
        fail(1)
    assert issues_of(store) == []
    reported(store, finding())


def test_only_its_user_reads_the_file(store: SqliteStore, tmp_path: Path) -> None:
    reported(store, finding())
    store.backup(tmp_path / "backup.db")
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert set(modes.values()) == {0o600}
    assert set(modes) >= {"issues.db", "issues.db-wal", "backup.db"}


def _child(store: SqliteStore) -> None:
    reported(store, finding(subject="feature=child"))
    assert len(issues_of(store)) == 2
    store.close()


def test_a_forked_process_opens_connections_of_its_own(store: SqliteStore) -> None:
    reported(store, finding())
    assert len(issues_of(store)) == 1
    process = multiprocessing.get_context("fork").Process(target=_child, args=(store,))
    process.start()
    process.join(60)
    assert process.exitcode == 0
    reported(store, finding(subject="feature=parent"))
    assert len(issues_of(store)) == 3


def test_a_closed_store_says_so(store: SqliteStore) -> None:
    with store.read() as reader:
        store.close()
        assert reader.page(Selection()).issues == ()
    with pytest.raises(StoreError, match="the store is closed"), store.read():
        pass
    with pytest.raises(StoreError, match="the store is closed"), store.write():
        pass


def test_a_mistake_in_a_statement_is_no_state_of_the_machine(store: SqliteStore) -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such table"), store.read() as reader:
        reader.db.rows("select * from songs")


def test_a_lock_that_lasts_is_an_error_that_can_pass(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_connection, "BUSY_SECONDS", 0.05)
    other = SqliteStore(tmp_path / "issues.db")
    with store.write(), pytest.raises(StoreError, match=r"written for 0\.05 s"), other.write():
        pass
    with store.write():
        pass  # the turn that came too late was given back
    reported(other, finding())


def test_the_log_is_cut_although_there_is_always_a_reader(
    store: SqliteStore, tmp_path: Path
) -> None:
    with store.write() as writer:
        for number in range(200):
            intake.receive(
                writer, intake.Report(findings=(finding(subject=f"feature={number}"),)), NOW
            )
    log = tmp_path / "issues.db-wal"
    assert log.stat().st_size > 100_000
    store.upkeep()
    assert log.stat().st_size == 0
    with store.read() as reader:
        reader.page(Selection())
        reported(store, finding())
        store.upkeep()  # a reader of an older state: nothing to wait for, no error
    assert len(issues_of(store)) == 50


OLD = Step(("create table issue(id integer primary key, fingerprint text not null unique)",))
NEW = Step(
    ("alter table issue add column owner text not null default 'nobody'",),
    sqlite=("create table setting(name text primary key, value text not null)",),
)


def test_an_old_file_becomes_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "issues.db"
    old = SqliteStore(path, [OLD])
    with old.write() as writer:
        writer.db.run("insert into issue(id, fingerprint) values(7, 'f')")
    old.close()
    for _ in range(2):
        new = SqliteStore(path, [OLD, NEW])
        with new.read() as reader:
            assert reader.db.rows("select * from issue") == [
                {"id": 7, "fingerprint": "f", "owner": "nobody"}
            ]
            assert reader.db.rows("pragma user_version")[0]["user_version"] == 2
        new.close()


def test_a_step_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "issues.db"
    SqliteStore(path, [OLD]).close()
    broken = Step(("create table half(id integer)", "create table half(id integer)"))
    with pytest.raises(PackageError, match="table half already exists"):
        SqliteStore(path, [OLD, broken])
    old = SqliteStore(path, [OLD])
    with old.read() as reader:
        assert [row["name"] for row in reader.db.rows("select name from pragma_table_list")
                if row["name"] == "half"] == []  # fmt: skip


def test_a_newer_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "issues.db"
    SqliteStore(path, [*STEPS, NEW._replace(statements=(), sqlite=())]).close()
    with pytest.raises(PackageError) as refused:
        SqliteStore(path)
    assert "expected a store of version 2 or earlier, got 3" in str(refused.value)


def test_files_that_are_no_store(tmp_path: Path) -> None:
    text = tmp_path / "text.db"
    text.write_text("not a database, but long enough to have a header of one\n" * 40)
    with pytest.raises(PackageError, match="file is not a database"):
        SqliteStore(text)
    assert text.read_text().startswith("not a database")
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("create table songs(name text)")
    other.close()
    with pytest.raises(PackageError, match="got another program's database"):
        SqliteStore(tmp_path / "other.db")
    (tmp_path / "folder.db").mkdir()
    with pytest.raises(PackageError, match="unable to open database file"):
        SqliteStore(tmp_path / "folder.db")
    with pytest.raises(PackageError) as missing:
        SqliteStore(tmp_path / "no" / "issues.db")
    assert f"make the folder {tmp_path / 'no'}" in str(missing.value.hint)


def test_a_restored_backup_is_the_store_of_its_moment(store: SqliteStore, tmp_path: Path) -> None:
    [issue] = reported(store, finding())
    with store.write() as writer:
        intake.act(writer, issue.id, AddComment(text="zebra"), "ana", NOW)
    target = tmp_path / "backup.db"
    target.write_text("an older backup")
    with store.read() as reader:
        reader.page(Selection())  # neither readers nor writers keep a backup from being written
        store.backup(target)
    reported(store, finding(subject="feature=later"))
    restored = SqliteStore(target)
    assert issues_of(restored) == ["feature=carat"]
    with restored.read() as reader:
        assert len(reader.page(Selection(text="zebra")).issues) == 1
        assert reader.db.rows("pragma integrity_check")[0]["integrity_check"] == "ok"
    reported(restored, finding(subject="feature=x"))


def test_a_backup_that_fails_leaves_the_old_one(store: SqliteStore, tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="no backup was written"):
        store.backup(tmp_path / "missing" / "backup.db")
    (tmp_path / "folder").mkdir()
    with pytest.raises(PackageError, match="no backup was written"):
        store.backup(tmp_path / "folder")
    assert not list(tmp_path.glob(".*"))


@pytest.mark.skipif(os.getuid() != 0, reason="mounts a small disk")
@pytest.mark.slow
def test_a_full_disk_is_an_error_and_passes(tmp_path: Path) -> None:
    """Nothing is half-written; the same store goes on when there is room."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)])
    if mounted.returncode:
        pytest.skip("may not mount a tmpfs")
    try:
        store = SqliteStore(disk / "issues.db")
        stored: list[str] = []
        with pytest.raises(StoreError, match=r"full|disk I/O error"):
            _fill(store, stored)
        with store.read() as reader:
            rows = reader.db.rows("select subject from issue order by id")
            events = reader.db.rows("select count(*) as n from event")[0]["n"]
        assert [row["subject"] for row in rows] == stored
        assert events == len(stored)
        with pytest.raises(PackageError, match="no backup was written"):
            store.backup(disk / "backup.db")
        subprocess.run(["mount", "-o", "remount,size=8m", str(disk)], check=True)
        reported(store, finding(subject="feature=room"))
        with store.read() as reader:
            assert reader.db.rows("pragma integrity_check")[0]["integrity_check"] == "ok"
        store.close()
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def _fill(store: SqliteStore, stored: list[str]) -> None:
    for number in range(10_000):
        reported(store, finding(subject=f"feature={number}", summary="s" * 2_000))
        stored.append(f"feature={number}")


@pytest.mark.skipif(os.getuid() != 0, reason="becomes another user")
def test_a_folder_that_cannot_be_written_is_named() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o555)
        process = multiprocessing.get_context("fork").Process(
            target=_open_as_nobody, args=(Path(folder),)
        )
        process.start()
        process.join(60)
        assert process.exitcode == 0


def _open_as_nobody(folder: Path) -> None:
    os.setgid(65534)
    os.setuid(65534)
    with pytest.raises(PackageError) as refused:
        SqliteStore(folder / "issues.db")
    assert "Permission denied" in str(refused.value)
    assert f"the right to write into {folder}" in str(refused.value.hint)
