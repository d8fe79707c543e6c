"""An unexpected version of prometheus_client is bypassed, or refused with its name."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import prometheus_client.values
import pytest
from prometheus_client.mmap_dict import MmapedDict

from monitoring.exposition import library_check
from monitoring.exposition.library_check import UnsupportedLibraryError, check_library
from monitoring.exposition.render import Rendering
from monitoring.exposition.worker_files import CounterFile
from monitoring.metrics import registry
from monitoring.metrics.registry import (
    BufferedHistogram,
    CollectorRegistry,
    Series,
    format_go_float,
)

VALUES: Any = prometheus_client.values


@pytest.fixture(autouse=True)
def unchecked() -> Iterator[None]:
    check_library.cache_clear()
    yield
    check_library.cache_clear()


def test_the_installed_version_is_as_expected_and_all_is_put_back() -> None:
    before = (VALUES.MmapedDict, VALUES.ValueClass, dict(os.environ), list(CounterFile.opened))
    folders = set(os.listdir(tempfile.gettempdir()))
    assert check_library()
    after = (VALUES.MmapedDict, VALUES.ValueClass, dict(os.environ), list(CounterFile.opened))
    assert after == before
    left = set(os.listdir(tempfile.gettempdir())) - folders
    assert not [name for name in left if name.startswith("counters-")]


@pytest.mark.parametrize("part", ["MmapedDict", "ValueClass", "MultiProcessValue"])
def test_a_version_that_takes_no_files_of_ours_is_refused(
    part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(VALUES, part)
    with pytest.raises(UnsupportedLibraryError, match=part) as caught:
        check_library()
    assert caught.value.expected == "prometheus_client.values to take our counter files"


def test_a_version_that_has_the_names_and_does_not_use_them_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = VALUES.MultiProcessValue
    monkeypatch.setattr(VALUES, "MultiProcessValue", lambda _worker: VALUES.MutexValue)
    with pytest.raises(UnsupportedLibraryError, match="got no file of ours"):
        check_library()
    monkeypatch.setattr(VALUES, "MultiProcessValue", made)
    assert check_library()


def test_a_version_that_reads_other_files_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def other(_data: bytes, _used: int = 0) -> None:
        raise RuntimeError("Read beyond file size detected, file is corrupted.")

    monkeypatch.setattr(MmapedDict, "read_all_values_from_file", other)
    with pytest.raises(UnsupportedLibraryError, match="RuntimeError: Read beyond file size"):
        check_library()


def test_another_exposition_than_ours_is_the_one_that_is_given(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    written = registry.library_text

    def changed(folder: Path) -> bytes:
        return written(folder) + b"# EOF\n"

    monkeypatch.setattr(library_check, "library_text", changed)
    with caplog.at_level(logging.WARNING):
        assert not check_library()
    assert "its exposition differs from ours: the library renders metrics itself" in caplog.text
    held = MmapedDict(str(tmp_path / "counter_w0.db"))
    held.write_value('["orders", "orders_total", {}, "Orders."]', 3.0, 0.0)
    held.close()
    rendering = Rendering(str(tmp_path), own=False)
    assert rendering.rebuild() == written(tmp_path)
    assert rendering.cached() is None


@pytest.mark.parametrize("part", ["_buckets", "_sum"])
def test_a_histogram_without_the_parts_is_observed_value_by_value(
    part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = []
    for absent in (False, True):
        place = CollectorRegistry()
        series = Series("model", "version", place)
        with monkeypatch.context() as patch:
            if absent:
                patch.setattr(registry, "_has_parts", lambda *_: False)
            observed = series.histogram("seconds", "Seconds.", (0.5, 1.0))()
            for value in (0.25, 0.5, 0.75, 4.0):
                observed.observe(value)
            observed.flush()
        samples = [
            (one.name, one.labels.get("le"), one.value)
            for metric in place.collect()
            for one in metric.samples
            if not one.name.endswith("_created")
        ]
        texts.append(samples)
    assert texts[0] == texts[1]
    made = prometheus_client.Histogram("x", "x", buckets=(0.5,), registry=CollectorRegistry())
    assert registry._has_parts(made, 2)
    assert not registry._has_parts(made, 3)
    delattr(made, part)
    assert not registry._has_parts(made, 2)
    assert isinstance(BufferedHistogram(made, (0.5,)), BufferedHistogram)


@pytest.mark.parametrize("number", [0.0, 1.0, -2.5, 1e16, 123456789.0, float("inf"), 0.1])
def test_numbers_are_written_alike_without_the_library_s_own_function(number: float) -> None:
    assert registry.written(number) == format_go_float(number)
