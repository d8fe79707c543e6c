"""Every accepted form gives the model's answers; a form not shown to be equal is rejected."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import joblib
import pytest
from compile_samples import MODELS, Sample, assert_equal, sample
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from worker_projects import SERVE

from packager.model.host_process import HostCommand
from packager.model.hosted import ModelHost
from packager.worker.compile.compile import compile_model

pytestmark = pytest.mark.slow

NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(-100, 100, width=32),
    st.sampled_from([0.0, -0.0, 5e-324, 1e-40, 1e30, -1e30, 1e39, 1e308, 2.0**24 + 1]),
)


INTEGERS = st.one_of(
    st.integers(-100, 100), st.integers(-(2**63), 2**63 - 1), st.integers(2**53 - 2, 2**53 + 2)
)


TEXTS = st.one_of(st.sampled_from([*"abcdefxy", "a\0", ""]), st.text(max_size=3))


ROW = st.fixed_dictionaries(
    {
        "size": st.none() | NUMBERS,
        "load": st.none() | NUMBERS,
        "count": INTEGERS,
        "new": st.none() | st.booleans(),
        "kind": st.none() | TEXTS,
        "shade": st.none() | TEXTS,
    }
)


@pytest.fixture(scope="module")
def samples(tmp_path_factory) -> dict[str, Sample]:
    """Every model of the list, compiled."""
    return {name: sample(name, tmp_path_factory.mktemp("forms") / "form") for name in MODELS}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.sample(11)
def test_a_common_pipeline_is_compiled_the_fastest_way_that_is_equal(samples, name):
    made = samples[name]
    assert (made.verdict.verdict, made.verdict.strategy, made.verdict.reason) == (
        "equal",
        MODELS[name][3],
        "",
    )
    assert made.verdict.held_out_rows > 100
    assert made.verdict.edge_rows > 50
    assert made.verdict.largest_difference <= made.verdict.tolerance <= 1e-6
    assert made.verdict.differing == ()
    assert assert_equal(made, made.rows()) == made.verdict.held_out_rows


@pytest.fixture(scope="module")
def host() -> Iterator[ModelHost]:
    """A process that can load the samples."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with ModelHost(HostCommand([sys.executable], environment, Path.cwd())) as started:
        yield started


@pytest.mark.parametrize(
    "name", ["mixed encoders", "boosting", "histograms", "LightGBM", "XGBoost", "components"]
)
@pytest.mark.sample(2)
def test_a_model_in_a_process_of_its_own_gives_the_same_bytes(samples, host, tmp_path, name):
    made = samples[name]
    joblib.dump(made.model.native, tmp_path / "model")
    model = host.load(tmp_path / "model", SERVE, made.model.task).untraced()
    folder = tmp_path / "form"
    assert compile_model(model, made.schema, made.held_out, folder, "require") == made.verdict
    files = [sorted(place.iterdir()) for place in (made.folder, folder)]
    assert [one.name for one in files[0]] == [one.name for one in files[1]]
    assert [one.read_bytes() for one in files[0]] == [one.read_bytes() for one in files[1]]


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(name=st.sampled_from(sorted(MODELS)), rows=st.lists(ROW, min_size=5, max_size=30))
def test_in_the_domain_any_row_is_answered_as_by_the_model(samples, name, rows):
    made = samples[name]
    kept = [row for row in rows if abs(row["count"]) < 2**53 or row["count"] % 2 == 0]
    if kept:
        assert_equal(made, [{**row, "count": min(row["count"], 2**53 + 2)} for row in kept])


def test_the_domain_names_a_condition_for_every_column(samples):
    assert samples["logistic"].verdict.domain == (
        "size: a number from -1e+30 to 1e+30, or null",
        "load: a number from -1e+30 to 1e+30, or null",
        "count: a number from -9007199254740991 to 9007199254740991, or null",
        "new: a category that the model's encoders know, or null",
        "kind: any value, or null",
        "shade: any value, or null",
        "the sums are small enough that rounding stays below the tolerance",
        "the two likeliest classes differ by more than 1e-09",
    )


@pytest.mark.parametrize(
    "change",
    [{"size": 1e31}, {"count": 2**53}, {"kind": "a\0"}, {"size": 1e29}],
    ids=["too far", "not exact in float64", "text that arrays cut", "a sum that rounds too much"],
)
def test_a_row_outside_the_domain_takes_the_native_path(samples, change):
    made = samples["logistic"]
    row = made.columns([{**made.rows()[0], **change}])
    assert made.compiled.predict_row([column[0] for column in row]) is None
    assert made.compiled.predict_rows(row)[1].tolist() == [False]


def test_two_threads_get_the_same_answers(samples):
    from concurrent.futures import ThreadPoolExecutor

    made = samples["histograms"]
    columns = made.columns(made.rows())
    rows = list(zip(*columns, strict=True))
    alone = [made.compiled.predict_row(row) for row in rows]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(made.compiled.predict_row, rows)) == alone
