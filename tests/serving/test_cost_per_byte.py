"""The worst known inputs, at a small size: their cost grows at most linearly with their bytes.

``benchmarks/cost_per_byte.py`` sends them, and hundreds of others, at any size.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from serving_helpers import Package, Server

pytestmark = pytest.mark.server

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
SMALL, LARGE = 1 << 15, 1 << 19
MIN_SECONDS = 0.03
"""Of processor time; it is counted in hundredths."""
STEEP = 6.0
"""Times the growth of bytes that processor time may grow; 16 where it is quadratic."""


@pytest.fixture(scope="module")
def bench() -> Any:
    sys.path.insert(0, str(BENCHMARKS))
    try:
        yield importlib.import_module("cost_per_byte")
    finally:
        sys.path.remove(str(BENCHMARKS))


@pytest.fixture(scope="module")
def asked(package: Package, start_shared: Callable[..., Server]) -> Server:
    return start_shared(package, MODEL_WORKERS="1", MODEL_FEEDBACK="on")


def test_cost_grows_with_bytes_alone(bench: Any, asked: Server) -> None:
    url = f"http://127.0.0.1:{asked.port}"
    target, worker = bench.target_of(url), bench.worker_of(asked.process.pid)
    cases = bench.cases(target)
    wrong = {}
    with bench.pinging(url, worker) as longest:
        for name in bench.WORST:
            costs = [
                bench.cost(cases[name](target, size), url, worker, longest)
                for size in (SMALL, LARGE)
            ]
            small, large = costs
            growth = large.sent / small.sent
            marks = set().union(*map(bench.marks_of, costs)) - {"loop", "livez"}
            if large.cpu > STEEP * growth * max(small.cpu, MIN_SECONDS):
                marks.add("steep")
            if 0 in (small.status, large.status):
                marks.add("no answer")
            if marks:
                wrong[name] = sorted(marks), costs
    assert not wrong
    assert asked.get("/readyz").status == 200


def test_every_worst_input_is_a_case(bench: Any) -> None:
    target = bench.Target("m", {"a": 1.0}, {"a": "number"})
    assert set(bench.WORST) <= bench.cases(target).keys()
