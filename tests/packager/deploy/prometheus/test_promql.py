"""The PromQL formulas, computed by a real Prometheus, equal those in Python."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator, Mapping

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from real_prometheus import Prometheus, prometheus

from monitoring.stats import accuracy, drift, intervals
from packager.deploy.prometheus import promql

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(shutil.which("prometheus") is None, reason="no prometheus here"),
]
CLOSE = 1e-9
COUNTS = st.integers(0, 10**7)
SHARE = st.floats(0.001, 0.999)
EXAMPLES = settings(max_examples=25)  # each asks a Prometheus several times


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    with prometheus(tmp_path_factory.mktemp("prometheus"), {}) as found:
        yield found


def vector(values: Mapping[str, float], label: str = "bin") -> str:
    """A vector with a series for each value, as a query of its own."""
    parts = [
        f'label_replace(vector({value!r}), "{label}", "{name}", "", "")'
        for name, value in values.items()
    ]
    return f"({' or '.join(parts)})"


def same(got: float, expected: float) -> bool:
    return math.isclose(got, expected, rel_tol=CLOSE, abs_tol=CLOSE)


@EXAMPLES
@given(st.lists(st.tuples(COUNTS, COUNTS), min_size=2, max_size=12), st.sampled_from([1.0, 2.5]))
def test_psi_js_and_z_agree_to_1e9(
    server: Prometheus, pairs: list[tuple[int, int]], effect: float
) -> None:
    counts, reference = [n for n, _ in pairs], [m for _, m in pairs]
    assume(sum(reference))
    expected = drift.measure_drift(counts, reference, design_effect=effect)
    c, r = (vector({f"b{i}": n for i, n in enumerate(some)}) for some in (counts, reference))
    n, m, bins = f"sum({c})", f"sum({r})", f"count({r})"
    q = f"({promql.reference_ratio(r, m, bins)})"
    p = f"({promql.live_ratio(c, n, q)})"
    psi = promql.psi(p, q)
    assert same(server.value(psi), expected.psi)
    assert same(server.value(promql.jensen_shannon(p, q)), expected.js)
    z = server.ask(promql.psi_z(f"({psi})", f"({n})", f"({m})", f"({bins})", effect))
    assert [same(value, expected.z) for _, value in z] == [True] * (sum(counts) > 0)


@EXAMPLES
@given(st.integers(1, 10**6), SHARE, st.integers(1, 10**6), st.data())
def test_wilson_and_z_of_a_share_agree_to_1e9(
    server: Prometheus, rows: int, baseline: float, trained: int, data: st.DataObject
) -> None:
    right = data.draw(st.integers(0, rows))
    k, n, p0, m0 = (vector({"s": value}, "slice") for value in (right, rows, baseline, trained))
    low, high = intervals.wilson(right, rows)
    assert same(server.value(promql.wilson(k, n, "-")), low)
    assert same(server.value(promql.wilson(k, n, "+")), high)
    z = accuracy.share_z(right, rows, baseline, trained)
    share = f"({k} / {n})"
    assert same(server.value(promql.share_z(share, n, p0, m0)), z)
    worse = server.ask(promql.accuracy_regressed(share, n, p0, f"vector({z!r}) + 0 * sum({k})"))
    assert not worse or accuracy.accuracy_regressed(right, rows, baseline, trained)


@EXAMPLES
@given(
    st.lists(st.floats(0, 1_000), min_size=2, max_size=40),
    st.floats(0.1, 1_000),
    st.floats(0, 1e5),
    st.floats(1, 1e6),
    st.sampled_from([1.0, 2.5]),
)
def test_the_interval_and_z_of_an_error_agree_to_1e9(
    server: Prometheus,
    errors: list[float],
    baseline: float,
    variance: float,
    trained: float,
    effect: float,
) -> None:
    total, squares, rows = sum(errors), sum(e * e for e in errors), len(errors)
    spread = squares / rows - (total / rows) ** 2
    assume(spread > 1e-3 * squares / rows)  # else nothing but rounding is left of the difference
    t, s, n, d, b, v, m0 = (
        vector({"s": value}, "slice")
        for value in (total, squares, rows, effect, baseline, variance, trained)
    )
    mean, live, independent = f"({t} / {n})", f"({promql.variance(t, s, n)})", f"({n} / {d})"
    low, high = intervals.sums_interval(total / effect, squares / effect, rows / effect)
    assert same(server.value(promql.mean_bound(mean, live, independent, "-")), low)
    assert same(server.value(promql.mean_bound(mean, live, independent, "+")), high)
    known = accuracy.MeanBaseline(baseline, variance, trained)
    z = accuracy.mean_z(total / rows, spread, rows / effect, known)
    found = promql.mean_z(mean, live, independent, promql.BaselineSeries(b, v, m0))
    assert same(server.value(found), z)


@EXAMPLES
@given(
    st.floats(0, 1), st.floats(-10, 10), st.sampled_from([499.0, 500.0, 999.0, 1000.0]),
    st.sampled_from([1.0, 2.0]),
)  # fmt: skip
def test_the_verdict_on_a_feature_is_the_same(
    server: Prometheus, psi: float, z: float, rows: float, effect: float
) -> None:
    query = promql.feature_drifts(f"vector({psi!r})", f"vector({z!r})", f"vector({rows!r})", effect)
    assert bool(server.ask(query)) is drift.is_drift(psi, z, rows / effect)


def test_what_isnt_a_number_in_python_is_no_alarm_in_promql(server: Prometheus) -> None:
    nothing = vector({"s": 0.0}, "slice")
    baseline, trained = vector({"s": 0.9}, "slice"), vector({"s": 100.0}, "slice")
    assert server.ask(promql.wilson(nothing, nothing, "-")) == []
    assert server.ask(promql.share_z(nothing, nothing, baseline, trained)) == []
    known = promql.BaselineSeries(baseline, trained, trained)
    assert server.ask(promql.mean_z(nothing, nothing, nothing, known)) == []


def test_the_constants_stand_in_the_queries() -> None:
    """A constant that Python changes and PromQL doesn't would pass no other test by accident."""
    assert f"+ {drift.PRIOR_ROWS} *" in promql.live_ratio("c", "n", "q")
    assert f"> {drift.MIN_PSI} and" in promql.feature_drifts("p", "z", "n", 1)
    assert repr(intervals.Z95) in promql.wilson("k", "n", "-")
