"""Opens the store that a command names: a file below its folder, or PostgreSQL."""

from __future__ import annotations

from pathlib import Path

from packager.errors import PackageError
from packager.tracker.store.sqlite import SqliteStore
from packager.tracker.store.store import Store

DATABASE = "issues.db"


def open_store(state: Path, database: str = "", *, create: bool = False) -> Store:
    """The store of the service whose folder is ``state``, or the database of this address.

    Raises ``UsageError`` for another address and ``PackageError`` if it can't be opened, or isn't
    there and ``create`` is False.
    """
    if database:
        from packager.tracker.store.postgres import PostgresStore
        from packager.tracker.store.postgres_connection import check_url

        check_url(database)
        return PostgresStore(database)
    path = state / DATABASE
    if not create and not path.exists():
        raise PackageError(
            f"{path}: expected a store of issues, got no file",
            "name the folder of the service with --state, or start one with `package issues serve`",
        )
    return SqliteStore(path)
