"""Labels of tables that another program wrote."""

from __future__ import annotations

import pandas as pd
import pytest
from deltalake import write_deltalake
from labelled_tables import declared, labelled, rows

from packager.tables.delta import VersionedTable
from packager.tables.labels.export import export_labelled, labelled_rows

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("partitions", [None, ["part"]])
def test_rows_of_another_writer_have_labels_that_its_commits_keep(place, tmp_path, partitions):
    frame = rows().assign(part=["a", "b", "a", "b", "a"])
    write_deltalake(place.uri, frame, partition_by=partitions)
    declared(place)
    labelled(place)
    write_deltalake(place.uri, frame.assign(id=frame["id"] + 5), mode="append")
    latest = VersionedTable.open(place).latest
    assert latest.fingerprint is None
    assert latest.labels.count == 5
    found = labelled_rows(place, "quality")
    assert sum(one is not None for one in found.resolved) == 3
    export_labelled(place, tmp_path / "rows.parquet", "quality", "y")
    read = pd.read_parquet(tmp_path / "rows.parquet").set_index("id")["y"].fillna("none")
    assert read.loc[[0, 1, 2, 7]].tolist() == ["good", "none", "bad", "none"]


def test_labels_by_hash_hold_for_rows_of_any_order(place, tmp_path):
    write_deltalake(place.uri, rows())
    declared(place, key=None)
    labelled(place)
    write_deltalake(place.uri, rows().iloc[::-1], mode="overwrite")
    found = labelled_rows(place, "quality")
    assert found.elsewhere == 0
    assert [one is not None for one in found.resolved] == [False, False, True, True, True]
