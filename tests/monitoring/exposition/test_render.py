"""The text of a scrape equals the library's, byte for byte, for any files in the folder."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.multiprocess import MultiProcessCollector

from monitoring.exposition.merge import KINDS
from monitoring.exposition.render import Rendering

HELP = "A \\ and\na second line."
MODES = ("all", "liveall", "max", "livemax", "min", "livemin", "sum", "livesum")
BOUNDS = ("0.1", "2.5", "1000000.0", "2.5e+07", "+Inf")
# kind of file, metric, name, whether it has a bound
COUNTED = [
    ("counter", "orders", "orders_total", False),
    ("counter", "orders", "orders_created", False),
    ("summary", "bytes", "bytes_count", False),
    ("summary", "bytes", "bytes_sum", False),
    ("histogram", "seconds", "seconds_sum", False),
    ("histogram", "seconds", "seconds_count", False),
    ("histogram", "seconds", "seconds_bucket", True),
    *((f"gauge_{mode}", f"level_{mode}", f"level_{mode}", False) for mode in MODES),
]

values = st.floats() | st.sampled_from([-0.0, 1e6, 123456789.0, 2.0**53, 1e300, 0.1])
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
Write = tuple[str, str, float]


@st.composite
def scrapes(draw: st.DrawFn) -> list[list[Write]]:
    """What is written before each scrape: file, key and value; few keys, so that they meet."""
    lines = draw(st.lists(st.sampled_from(COUNTED), min_size=1, max_size=3, unique=True))
    label = draw(texts | st.sampled_from(['"', "\\", "\n", "\u2028", "é"]))
    names = draw(st.sampled_from([(), ("a",), ("pid", "a"), ("z", "a.b")]))

    def one(worker: str, line: tuple[str, str, str, bool], text: str, bound: str) -> Any:
        kind, metric, name, bounded = line
        bounds = {"le": bound} if bounded else {}
        labels = {**dict.fromkeys(names, text), **bounds}
        key = mmap_key(metric, name, list(labels), list(labels.values()), HELP)
        return f"{kind}_{worker}.db", key

    keys = st.builds(
        one,
        st.sampled_from(["w0", "w1", "4711"]),
        st.sampled_from(lines),
        st.sampled_from([label, "b"]),
        st.sampled_from(BOUNDS),
    )
    writes = st.builds(lambda key, value: (*key, value), keys, values)
    return draw(st.lists(st.lists(writes, max_size=20), min_size=1, max_size=3))


def write(folder: Path, file: str, key: str, value: float, time: float = 0.0) -> None:
    held = MmapedDict(str(folder / file))
    held.write_value(key, value, time)
    held.close()


def count(folder: Path, worker: str, value: float, **labels: str) -> None:
    key = mmap_key("orders", "orders_total", list(labels), list(labels.values()), HELP)
    write(folder, f"counter_{worker}.db", key, value)


def library(folder: Path) -> bytes:
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(folder))
    return generate_latest(registry)


@pytest.mark.slow
@given(scrapes(), values)
def test_the_text_is_the_library_s_while_files_grow(
    scrapes: list[list[Write]], later: float
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rendering = Rendering(name)
        for writes in scrapes:
            for file, key, value in writes:
                write(folder, file, key, value)
            expected = library(folder)
            assert (rendering.cached() or rendering.rebuild()) == expected
            assert rendering.cached() == expected
        for file, key, _ in scrapes[-1]:
            write(folder, file, key, later)
        assert rendering.cached() == library(folder)


def test_every_kind_is_tried() -> None:
    assert {kind for kind, *_ in COUNTED} == KINDS


def test_new_keys_and_new_workers_are_seen(tmp_path: Path) -> None:
    rendering = Rendering(str(tmp_path))
    count(tmp_path, "w0", 1, shop="north")
    assert rendering.cached() is None
    assert rendering.rebuild() == library(tmp_path)
    count(tmp_path, "w0", 2, shop="north")
    assert b'orders_total{shop="north"} 2.0\n' in (rendering.cached() or b"")
    count(tmp_path, "w0", 3, shop="south")
    assert rendering.cached() is None
    assert b'orders_total{shop="south"} 3.0\n' in rendering.rebuild()
    count(tmp_path, "w1", 4, shop="south")
    assert rendering.cached() is None
    assert b'orders_total{shop="south"} 7.0\n' in rendering.rebuild()


def test_a_file_that_is_another_of_the_same_length_is_read_again(tmp_path: Path) -> None:
    rendering, other = Rendering(str(tmp_path)), tmp_path / "other"
    other.mkdir()
    count(tmp_path, "w0", 1, shop="north")
    count(other, "w0", 2, shop="south")
    rendering.rebuild()
    # In place, so that inode and length stay.
    (tmp_path / "counter_w0.db").write_bytes((other / "counter_w0.db").read_bytes())
    assert rendering.cached() is None
    assert b'orders_total{shop="south"} 2.0\n' in rendering.rebuild()


def test_gauges_of_a_dead_worker_go_and_its_counts_stay(tmp_path: Path) -> None:
    rendering = Rendering(str(tmp_path))
    for worker in ("w0", "w1"):
        count(tmp_path, worker, 2)
        write(tmp_path, f"gauge_livesum_{worker}.db", mmap_key("busy", "busy", [], [], ""), 3)
    assert b"busy 6.0\n" in rendering.rebuild()
    (tmp_path / "gauge_livesum_w0.db").unlink()
    text = rendering.cached() or rendering.rebuild()
    assert b"busy 3.0\n" in text
    assert b"orders_total 4.0\n" in text
    assert text == library(tmp_path)


@pytest.mark.parametrize("content", [b"", bytes(1 << 16)])
def test_a_file_that_was_just_made_holds_nothing(tmp_path: Path, content: bytes) -> None:
    count(tmp_path, "w0", 2)
    (tmp_path / "counter_w1.db").write_bytes(content)
    rendering = Rendering(str(tmp_path))
    assert b"orders_total 2.0\n" in rendering.rebuild()
    assert b"orders_total 2.0\n" in (rendering.cached() or b"")


def test_a_kind_that_is_not_merged_here_is_left_to_the_library(tmp_path: Path) -> None:
    rendering, key = Rendering(str(tmp_path)), mmap_key("level", "level", [], [], "")
    count(tmp_path, "w0", 1)
    rendering.rebuild()
    write(tmp_path, "gauge_mostrecent_w0.db", key, 8, time=2)
    write(tmp_path, "gauge_mostrecent_w1.db", key, 9, time=1)
    for _ in range(2):
        assert rendering.cached() is None
        text = rendering.rebuild()
        assert b"level 8.0\n" in text
        assert text == library(tmp_path)


def test_a_metric_of_two_kinds_is_left_to_the_library(tmp_path: Path) -> None:
    rendering, key = Rendering(str(tmp_path)), mmap_key("level", "level", [], [], "")
    write(tmp_path, "gauge_max_w0.db", key, 8)
    write(tmp_path, "gauge_min_w1.db", key, 9)
    assert rendering.rebuild() == library(tmp_path)
    assert rendering.cached() is None


def test_a_broken_file_is_an_error(tmp_path: Path) -> None:
    count(tmp_path, "w0", 1)
    rendering, file = Rendering(str(tmp_path)), tmp_path / "counter_w0.db"
    rendering.rebuild()
    content = bytearray(file.read_bytes())
    content[8:12] = (1 << 20).to_bytes(4, "little")
    file.write_bytes(content)
    assert rendering.cached() is None
    with pytest.raises(RuntimeError):
        rendering.rebuild()


def test_one_process_alone_has_the_series_of_its_registry() -> None:
    rendering = Rendering(None)
    assert rendering.cached() is None
    assert b"python_info" in rendering.rebuild()
