"""Only the user decides where a package runs; nothing in the package does."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from host_samples import RecordedProgress

from packager.errors import PackageError
from packager.progress import NullProgress
from packager.runners.placement import WARNING, runs_on

ENGINE: Any = object()


def reference(base: str = "debian") -> Any:
    return SimpleNamespace(name=f"shop-{base}:1", lock=lambda: SimpleNamespace(base=base))


def test_local_is_warned_of_and_asks_nothing_of_the_package():
    heard = RecordedProgress()
    assert runs_on([reference("none")], ENGINE, heard, local=True) is None
    assert heard.warnings == [WARNING]


def test_a_package_with_a_base_runs_on_the_engine():
    heard = RecordedProgress()
    assert runs_on([reference(), reference()], ENGINE, heard, local=False) is ENGINE
    assert heard.warnings == []


def test_without_an_engine_nothing_falls_back_to_this_machine():
    with pytest.raises(PackageError, match="shop-debian:1: no engine responds") as caught:
        runs_on([reference()], None, NullProgress(), local=False)
    assert "--local" in caught.value.hint


def test_one_package_without_a_base_stops_them_all():
    with pytest.raises(PackageError, match="shop-none:1: has no base"):
        runs_on([reference(), reference("none")], ENGINE, NullProgress(), local=False)
