"""Imports are rarely interrupted by the garbage collector, and the project's settings stay."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from modelhost.collection import OBJECTS, rare_collections


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    before, enabled = gc.get_threshold(), gc.isenabled()
    yield
    gc.set_threshold(*before)
    (gc.enable if enabled else gc.disable)()


def collections() -> int:
    return sum(generation["collections"] for generation in gc.get_stats())


def test_many_objects_that_stay_are_not_collected_and_the_threshold_returns() -> None:
    gc.enable()
    gc.set_threshold(700, 10, 10)
    gc.collect()
    with rare_collections(), rare_collections():
        before = collections()
        kept = [[number] for number in range(OBJECTS // 2)]
        assert collections() == before
    assert gc.get_threshold() == (700, 10, 10)
    more = [[number] for number in range(OBJECTS // 2)]
    assert collections() > before
    assert len(kept) == len(more)


def test_garbage_stays_bounded() -> None:
    gc.enable()
    with rare_collections():
        before = collections()
        kept = [[number] for number in range(OBJECTS * 2)]
        assert collections() > before
    assert kept


@pytest.mark.parametrize("own", [(5_000, 3, 2), (0, 10, 10)])
def test_what_an_import_sets_stays_though_it_fails(own: tuple[int, int, int]) -> None:
    def import_that_fails() -> None:
        gc.set_threshold(*own)
        raise ImportError

    with pytest.raises(ImportError), rare_collections():
        import_that_fails()
    assert gc.get_threshold() == own
