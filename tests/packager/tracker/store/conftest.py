from __future__ import annotations

from collections.abc import Iterator

import pytest
from issue_samples import Filled, filled
from postgres_servers import new_schema

from packager.tracker.store.postgres import PostgresStore
from packager.tracker.store.sqlite import SqliteStore
from packager.tracker.store.store import Store


@pytest.fixture(
    scope="session",
    params=["from sqlite", pytest.param("from postgres", marks=pytest.mark.server)],
    name="filled",
)
def filled_store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Filled]:
    """A store of each kind with a few hundred issues; tests don't write into it."""
    store: Store
    if request.param == "from sqlite":
        store = SqliteStore(tmp_path_factory.mktemp("filled") / "issues.db")
    else:
        store = PostgresStore(new_schema(request.getfixturevalue("postgres"), "filled"))
    yield filled(store)
    store.close()
