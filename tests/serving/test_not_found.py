"""What a client that asks for an unknown path is told."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.not_found import nearest_route, not_found

ROUTES = ("/predict", "/feedback", "/schema", "/docs", "/docs.json", "/v2/models/churn/infer")


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/v2/models/other/infer", "model 'other' is not served here"),
        ("/v2/models/other", "model 'other' is not served here"),
        ("/v2/models/churn/versions/9/infer", "model 'churn' version '9' is not served here"),
        ("/v2/models/other/versions/9", "model 'other' version '9' is not served here"),
        ("/v1/models/other:predict", "model 'other' is not served here"),
        ("/v1/models/other", "model 'other' is not served here"),
    ],
)
def test_a_model_that_is_not_served_is_named_with_the_one_that_is(path: str, told: str):
    error = not_found(path, ROUTES, "churn", "1.0.0-ab")
    assert (error.status, error.code) == (404, "model_not_found")
    assert error.message == f"{told}; served: churn version 1.0.0-ab"


@pytest.mark.parametrize(
    ("path", "near"),
    [
        ("/predict/", "/predict"),
        ("/Predict", "/predict"),
        ("/predictions", "/predict"),
        ("/v1/predict", "/predict"),
        ("/doc", "/docs"),
        ("/v2/models/churn/infere", "/v2/models/churn/infer"),
    ],
)
def test_the_nearest_route_is_suggested(path: str, near: str):
    error = not_found(path, ROUTES, "churn", "1.0.0-ab")
    assert (error.status, error.code) == (404, "not_found")
    assert error.message == f"there is no such route: did you mean {near}?"
    assert error.details["expected"] == "see /docs"


@pytest.mark.parametrize("path", ["", "/", "/x", "/favicon.ico", "/" + "p" * 200])
def test_nothing_is_suggested_for_what_is_like_no_route(path: str):
    assert not_found(path, ROUTES, "churn", "1").message == "there is no such route"


@given(st.text(max_size=200))
def test_any_path_is_answered(path: str):
    assert not_found(path, ROUTES, "churn", "1").status == 404
    assert nearest_route(path, ROUTES) in (None, *ROUTES)


def test_the_name_that_an_error_shows_is_cut():
    error = not_found(f"/v2/models/{'x' * 5_000}/infer", ROUTES, "churn", "1")
    assert len(error.message) < 200


def test_a_long_path_costs_little():
    started = time.process_time()
    for _ in range(100):
        nearest_route("/" + "ab" * 20_000, ROUTES)
    assert time.process_time() - started < 1
