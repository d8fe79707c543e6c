"""A word that a table stores as text and CSV reads as null: the user has to decide."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pandas as pd
import pytest
from frame_sources import frame_source

from packager.errors import UsageError
from packager.location import Location
from packager.manifest.read_options import TableReadOptions
from packager.tables.commit import commit_rows
from packager.tables.delta import VersionedTable
from packager.tables.source import open_source

HELD = pd.DataFrame({"country": ["NA", "DE", None], "size": [1, 2, 3]})


@pytest.fixture
def table(place: Location) -> Location:
    commit_rows(frame_source(HELD), place, "first", "me")
    return place


def csv(folder: Path, *countries: str) -> Path:
    file = folder / "more.csv"
    file.write_text("country,size\n" + "".join(f"{name},9\n" for name in countries))
    return file


def countries(table: Location) -> list[str | None]:
    found = pd.concat(list(VersionedTable.open(table).frames(None)))["country"]
    return [None if value != value or value is None else value for value in found]


@pytest.mark.slow
@pytest.mark.parametrize("append", [True, False])
@pytest.mark.parametrize("cells", [("NA", "FR", "NA"), ("NA", "NA")])
def test_it_is_refused_with_what_to_write(
    table: Location, tmp_path: Path, append: bool, cells: tuple[str, ...]
) -> None:
    file = csv(tmp_path, *cells)
    with pytest.raises(UsageError, match="column 'country': 2 cells hold 'NA', which") as told:
        commit_rows(open_source(file), table, "more", "me", append=append)
    assert len(VersionedTable.open(table).versions) == 1
    text, null = told.value.hint.partition("[data.columns]: ")[2].split(", ")
    for line, wanted in ((text.removesuffix(" for text"), "NA"), (null.split(" for")[0], None)):
        said = tomllib.loads(line)
        added = commit_rows(
            open_source(file, TableReadOptions(columns=said)), table, "more", "me", append=append
        )
        assert not added.unchanged
        assert countries(table)[-len(cells) :] == [wanted if c == "NA" else c for c in cells]


@pytest.mark.slow
@pytest.mark.parametrize("cells", [("FR", "DE"), ("", "FR"), ("null", "FR")])
def test_empty_cells_and_words_that_it_does_not_hold_are_read_as_ever(
    table: Location, tmp_path: Path, cells: tuple[str, ...]
) -> None:
    commit_rows(open_source(csv(tmp_path, *cells)), table, "more", "me", append=True)
    assert countries(table)[3:] == [c if c not in ("", "null") else None for c in cells]


@pytest.mark.slow
def test_a_table_that_was_made_of_csv_continues_as_it_began(
    place: Location, tmp_path: Path
) -> None:
    for append in (False, True):
        commit_rows(open_source(csv(tmp_path, "NA", "DE")), place, "m", "me", append=append)
    assert countries(place) == [None, "DE", None, "DE"]
