from __future__ import annotations

import itertools
import multiprocessing
import threading
from collections.abc import Iterator

import pytest
from issue_samples import NOW, finding, reported
from postgres_servers import new_database

from packager.errors import PackageError, UsageError
from packager.tracker import intake
from packager.tracker.store.database import StoreError
from packager.tracker.store.opening import open_store
from packager.tracker.store.postgres import PostgresStore
from packager.tracker.store.postgres_connection import check_url, shown_url, translated
from packager.tracker.store.schema import STEPS, Step
from packager.tracker.store.selection import Selection

pytestmark = pytest.mark.server
_NAMES = itertools.count()


@pytest.fixture
def url(postgres: str) -> str:
    return new_database(postgres, f"own{next(_NAMES)}")


@pytest.fixture
def store(url: str) -> Iterator[PostgresStore]:
    one = PostgresStore(url)
    yield one
    one.close()


def subjects(store: PostgresStore) -> list[str]:
    with store.read() as reader:
        return [one.subject for one in reader.page(Selection()).issues]


def test_a_reader_sees_one_moment_while_another_writes(store: PostgresStore) -> None:
    reported(store, finding())
    with store.read() as reader:
        before = reader.page(Selection())
        reported(store, finding(subject="feature=x"))
        assert reader.page(Selection()) == before
    assert len(subjects(store)) == 2


def test_an_error_undoes_the_whole_transaction(store: PostgresStore) -> None:
    def fail(number: int) -> None:
        with store.write() as writer:
            intake.receive(writer, intake.Report(findings=(finding(),)), NOW)
            number // 0

    with pytest.raises(ZeroDivisionError):
        fail(1)
    assert subjects(store) == []
    reported(store, finding())


def test_a_reader_cannot_write(store: PostgresStore) -> None:
    with pytest.raises(StoreError, match="read-only transaction"), store.read() as reader:
        reader.db.run("delete from issue")


def test_connections_that_the_server_ended_are_opened_again(store: PostgresStore) -> None:
    reported(store, finding())
    assert len(subjects(store)) == 1
    other = PostgresStore(store._url)
    with other.write() as writer:
        writer.db.rows(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
    other.close()
    assert len(subjects(store)) == 1
    reported(store, finding(subject="feature=x"))
    assert len(subjects(store)) == 2


def _child(store: PostgresStore) -> None:
    reported(store, finding(subject="feature=child"))
    assert len(subjects(store)) == 2
    store.close()


def test_a_forked_process_opens_connections_of_its_own(store: PostgresStore) -> None:
    reported(store, finding())
    assert len(subjects(store)) == 1
    process = multiprocessing.get_context("fork").Process(target=_child, args=(store,))
    process.start()
    process.join(60)
    assert process.exitcode == 0
    reported(store, finding(subject="feature=parent"))
    assert len(subjects(store)) == 3


SERVICES, SENDERS, EACH = 2, 4, 25


def test_two_services_make_no_issue_twice_and_lose_no_event(url: str) -> None:
    """Each finding is read before it is written, by senders of two stores on one database."""
    stores = [PostgresStore(url) for _ in range(SERVICES)]
    errors: list[BaseException] = []

    def send(store: PostgresStore, sender: int) -> None:
        try:
            for number in range(EACH):
                subject = f"feature=f{number % 10}"
                firing = (number + sender) % 3 != 0
                at = NOW + number
                one = finding(subject=subject, firing=firing, starts_at=at, key=f"{sender}")
                reported(store, one, now=at)
        except BaseException as error:
            errors.append(error)

    threads = [
        threading.Thread(target=send, args=(stores[number % SERVICES], number))
        for number in range(SENDERS)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join(120)
    assert errors == []
    with stores[0].read() as reader:
        count = "select count(*) as n, count(distinct fingerprint) as unique_n from issue"
        assert dict(reader.db.rows(count)[0]) == {"n": 10, "unique_n": 10}
        for row in reader.db.rows("select id from issue"):
            issue = reader.issue(row["id"])
            assert issue is not None
            assert issue.events == len(reader.events(issue.id))
        tallies = sum(one.n for one in reader.tallies())
        open_ones = reader.db.rows("select count(*) as n from issue where active = 1")[0]["n"]
        assert tallies == 10
        assert reader.db.rows("select sum(n) as n from cause")[0]["n"] == open_ones
    for store in stores:
        store.close()


def test_services_that_start_together_make_the_tables_once(url: str) -> None:
    with multiprocessing.get_context("fork").Pool(4) as pool:
        assert pool.map(_opened, [url] * 4) == [True] * 4


def _opened(url: str) -> bool:
    PostgresStore(url).close()
    return True


OLD = Step(
    ("create table setting(name text primary key, value text not null)",
     "create table issue(id integer primary key, fingerprint text not null unique)"),
)  # fmt: skip
NEW = Step(("alter table issue add column owner text not null default 'nobody'",))


def test_an_old_database_becomes_a_new_one(url: str) -> None:
    old = PostgresStore(url, [OLD])
    with old.write() as writer:
        writer.db.run("insert into issue(id, fingerprint) values(7, 'f')")
    old.close()
    for _ in range(2):
        new = PostgresStore(url, [OLD, NEW])
        with new.read() as reader:
            assert reader.db.rows("select * from issue") == [
                {"id": 7, "fingerprint": "f", "owner": "nobody"}
            ]
        new.close()
    with pytest.raises(PackageError, match="expected a store of version 1 or earlier, got 2"):
        PostgresStore(url, [OLD])


def test_a_database_of_another_program_is_refused(url: str) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as one:
        one.execute("create table setting(name text primary key, value text)")
    with pytest.raises(PackageError, match="got another program's tables"):
        PostgresStore(url, STEPS)


def test_a_server_that_is_away_is_named_without_its_password() -> None:
    with pytest.raises(PackageError) as refused:
        PostgresStore("postgresql://ana:s3cret@127.0.0.1:1/issues")
    assert "postgresql://ana@127.0.0.1:1/issues: " in str(refused.value)
    assert "s3cret" not in f"{refused.value} {refused.value.hint}"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("postgresql://ana:s3cret@h/issues", "postgresql://ana@h/issues: expected no password"),
        ("postgresql://h/issues?password=s3cret", "postgresql://h/issues: expected no password"),
        ("mysql://h/issues", "begins with postgresql://"),
        ("issues.db", "begins with postgresql://"),
        ("postgresql://[h/issues", "expected an address"),
    ],
)
def test_addresses_that_are_refused(url: str, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        check_url(url)
    assert message in str(refused.value)
    assert "s3cret" not in f"{refused.value} {refused.value.hint}"


def test_an_address_shows_no_password() -> None:
    url = "postgresql://ana:p%40ss@h1:1,h2:2/issues?sslmode=verify-full&password=x"
    assert shown_url(url) == "postgresql://ana@h1:1,h2:2/issues"
    check_url("postgresql://ana@h/issues?sslmode=verify-full")


def test_the_store_of_an_address(url: str, tmp_path: object) -> None:
    from pathlib import Path

    store = open_store(Path("/nowhere"), url)
    assert isinstance(store, PostgresStore)
    with pytest.raises(PackageError, match="expected a store in a file"):
        store.backup(Path("/nowhere"))
    store.close()


def test_texts_of_tables_are_ordered_by_their_bytes() -> None:
    table = "create table a(id integer primary key, text text not null, link text)"
    assert translated(table) == (
        'create table a(id bigint primary key, text text collate "C" not null,'
        ' link text collate "C")'
    )
