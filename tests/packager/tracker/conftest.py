from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from postgres_servers import new_schema, postgres_server

from packager.tracker.store.postgres import PostgresStore
from packager.tracker.store.sqlite import SqliteStore
from packager.tracker.store.store import Store

NewStore = Callable[[], Store]
_NAMES = itertools.count()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The folder of a running PostgreSQL server's socket."""
    with postgres_server() as folder:
        yield folder


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.server)])
def new_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NewStore]:
    """A function that makes an empty store, of each kind; all are closed."""
    made: list[Store] = []

    def make() -> Store:
        number = next(_NAMES)
        if request.param == "sqlite":
            made.append(SqliteStore(tmp_path / f"issues{number}.db"))
        else:
            folder = request.getfixturevalue("postgres")
            made.append(PostgresStore(new_schema(folder, f"issues{number}")))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def store(new_store: NewStore) -> Store:
    """An empty store of each kind."""
    return new_store()
