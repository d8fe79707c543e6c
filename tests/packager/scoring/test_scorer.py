"""The scorer of tables, alone, in Dask and in a container."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from command import Package, package
from scored_packages import contents

from packager.scoring.scorer import TableScorer


@pytest.fixture(scope="module")
def frame(local_package: Package) -> pd.DataFrame:
    return pd.read_csv(local_package.project / "data" / "visits.csv").head(300)


def answers(reference: str, frame: pd.DataFrame) -> pd.DataFrame:
    with TableScorer(reference, local=True) as scorer:
        return scorer(pa.Table.from_pandas(frame, preserve_index=False)).to_pandas()


@pytest.mark.slow
def test_tables_and_batches_are_answered(local_package: Package, frame: pd.DataFrame) -> None:
    table = pa.Table.from_pandas(frame, preserve_index=False)
    with TableScorer(local_package.reference, local=True) as scorer:
        whole = scorer(table)
        assert whole.schema == scorer.schema
        parts = pa.concat_tables(scorer(batch) for batch in table.to_batches(max_chunksize=70))
        assert scorer(table.slice(0, 0)).num_rows == 0
    assert whole.num_rows == 300
    assert parts.equals(whole)


@pytest.mark.slow
def test_dask_divides_a_table(local_package: Package, frame: pd.DataFrame) -> None:
    dask = pytest.importorskip("dask.dataframe")
    whole = answers(local_package.reference, frame)
    divided = dask.from_pandas(frame, npartitions=2).map_partitions(
        lambda part: answers(local_package.reference, part), meta=whole.head(0)
    )
    found = divided.compute(scheduler="synchronous").reset_index(drop=True)
    pd.testing.assert_frame_equal(found, whole, check_dtype=False)


@pytest.mark.engine
@pytest.mark.slow
def test_a_container_answers_as_a_process(engine_package: Package, tmp_path: Path) -> None:
    data = tmp_path / "visits.parquet"
    frame = pd.read_csv(engine_package.project / "data" / "visits.csv").head(300)
    frame.to_parquet(data, index=False, row_group_size=100)
    for name, more in (("contained", ()), ("here", ("--local",))):
        given = ("score", engine_package.reference, "--data", data, "--output", tmp_path / name)
        done = package(*given, *more)
        assert done.code == 0, done.err
    assert contents(tmp_path / "contained") == contents(tmp_path / "here")
    table = pa.Table.from_pandas(frame, preserve_index=False)
    with TableScorer(engine_package.reference) as scorer:
        assert scorer(table).num_rows == 300
