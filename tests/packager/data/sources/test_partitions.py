"""Partitions by the names of folders."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from packager.data.sources.partitions import NULL, Partition, partitions_of
from packager.errors import UsageError

TOP = Path("/data/set")


def of(*names: str) -> tuple[Partition, ...]:
    return partitions_of(TOP, [TOP / name for name in names])


def test_folders_are_columns_in_their_order_and_plain_folders_are_none() -> None:
    assert of("year=2024/x/c=red/a.parquet", "year=2025/x/c=blue/b.parquet") == (
        Partition("year", ("2024", "2025")),
        Partition("c", ("red", "blue")),
    )
    assert of("a.parquet", "x/b.parquet") == ()
    assert of() == ()


def test_names_and_values_are_percent_decoded() -> None:
    (partition,) = of("a%20b=50%25%2F%C3%A9/x.parquet", "a b=k=v/y.parquet")
    assert partition == Partition("a b", ("50%/é", "k=v"))


def test_the_folder_of_rows_without_a_value_is_null_and_an_empty_value_is_text() -> None:
    (partition,) = of(f"c={NULL}/a.parquet", "c=/b.parquet")
    assert partition.values == (None, "")


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (("1", "-2"), "integer"),
        (("01", "12"), "integer"),
        (("1", None), "integer"),
        ((str(2**63 - 1), str(-(2**63))), "integer"),
        ((str(2**63), "1"), "string"),
        (("9" * 5000, "1"), "string"),
        (("1", "x"), "string"),
        (("1.5",), "string"),
        (("",), "string"),
        (("2024-01-01",), "string"),
        (("true",), "string"),
        (("\u0661",), "string"),
        ((None,), "string"),
    ],
)
def test_integers_of_64_bits_are_integers_and_all_else_is_text(
    values: tuple[str | None, ...], kind: str
) -> None:
    assert Partition("c", values).kind() == kind
    assert Partition("c", values).kind(text=True) == "string"


@pytest.mark.parametrize(
    ("second", "got"),
    [
        ("b.parquet", "no partitions"),
        ("c=blue/d=1/b.parquet", "the partitions 'c', 'd'"),
        ("d=1/b.parquet", "the partitions 'd'"),
    ],
)
def test_files_of_other_partitions_are_refused_by_name(second: str, got: str) -> None:
    with pytest.raises(UsageError) as caught:
        of("c=red/a.parquet", second)
    assert caught.value.message == (
        f"{TOP / second}: expected the partitions 'c', as {TOP}/c=red/a.parquet has, got {got}"
    )
    assert "same partitions" in str(caught.value.hint)


def test_the_order_of_the_folders_is_part_of_the_table() -> None:
    with pytest.raises(UsageError, match=r"expected the partitions 'a', 'b', as .* got .*'b', 'a'"):
        of("a=1/b=1/x.parquet", "b=1/a=1/x.parquet")


@pytest.mark.parametrize(
    ("name", "got"),
    [
        ("=red/a.parquet", "'=red' without a name"),
        ("c=1/c=2/a.parquet", "the partition 'c' twice"),
        ("c=%FF/a.parquet", "'c=%FF'"),
        ("%C3=1/a.parquet", "'%C3=1'"),
        (os.fsdecode(b"c=\xff/a.parquet"), "'c=\\udcff'"),
    ],
)
def test_a_partition_that_can_not_be_read_is_refused_with_its_file(name: str, got: str) -> None:
    with pytest.raises(UsageError) as caught:
        of(name)
    assert caught.value.message.startswith(f"{TOP / name}: expected ")
    assert caught.value.message.endswith(got)
