"""Routes, their allowed methods, and their labels in metrics."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.manifest.manifest import Schema
from serving.http.limits import Budget
from serving.http.messages import RequestError, Response
from serving.protocols.predict import PredictProtocol
from serving.protocols.uploads import Uploads
from serving.routes import FEEDBACK, HEALTH, MEASURED, OTHER, PROBES, READY, TRY, VIEWER, Routes


class Spoken:
    """A protocol by the name of its route."""

    def __init__(self, route: str) -> None:
        self.route = route


EXCHANGES: Any = {
    "/predict": Spoken("/predict"),
    "/invocations": Spoken("/invocations"),
    "/v1/own": Spoken("/invocations"),
    "/v2/models/shop/infer": Spoken("/v2/models/{name}/infer"),
}
UPLOADS = Uploads(Schema(features=()), PredictProtocol("1"), Budget())
ROUTES = Routes(
    EXCHANGES, {"/schema": Response(200, b"{}"), "/ping": Response(200, b"")}, UPLOADS, True
)
PATHS = st.sampled_from([*EXCHANGES, "/schema", "/metrics", FEEDBACK, "/readyz", "/", "/predict/"])


def refused(method: str, path: str) -> RequestError:
    with pytest.raises(RequestError) as caught:
        ROUTES.check(method, path)
    return caught.value


@pytest.mark.parametrize("path", [*EXCHANGES, FEEDBACK])
def test_what_predicts_takes_post_alone(path):
    ROUTES.check("POST", path)
    for method in ("GET", "HEAD", "PUT", "post"):
        assert refused(method, path).status == 405
    assert refused("GET", path).headers["Allow"] == "POST"


@pytest.mark.parametrize("path", ["/schema", "/metrics", *sorted(PROBES | VIEWER)])
def test_what_is_read_takes_get_and_head(path):
    ROUTES.check("GET", path)
    ROUTES.check("HEAD", path)
    assert refused("POST", path).headers["Allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    "path", ["/", "", "/predict/", "/Predict", "/schema?", "/v2/models/x/infer"]
)
def test_any_other_path_is_not_there_whatever_the_method(path):
    for method in ("GET", "POST"):
        assert refused(method, path).status == 404


def test_the_page_to_try_it_is_there_if_it_is_switched_on():
    for method in ("GET", "HEAD", "POST"):
        ROUTES.check(method, TRY)
    assert refused("PUT", TRY).headers["Allow"] == "GET, HEAD, POST"
    assert ROUTES.template(TRY) == TRY
    without = replace(ROUTES, try_page=False)
    with pytest.raises(RequestError) as caught:
        without.check("GET", TRY)
    assert (caught.value.status, caught.value.code) == (404, "try_page_off")
    assert without.template(TRY) == OTHER


def test_only_predict_takes_files():
    form = {b"content-type": b"multipart/form-data; boundary=x"}
    assert ROUTES.protocol("/invocations", form, b"") is EXCHANGES["/invocations"]
    assert ROUTES.protocol("/predict", {}, b"") is EXCHANGES["/predict"]
    assert ROUTES.protocol(FEEDBACK, form, b"") is None
    with pytest.raises(RequestError) as caught:
        ROUTES.protocol("/predict", form, b"")
    assert caught.value.status == 415


@given(PATHS | st.text(max_size=20))
def test_metrics_have_few_names_whatever_is_requested(path):
    routes = {adapter.route for adapter in EXCHANGES.values()}
    assert ROUTES.template(path) in {*routes, FEEDBACK, TRY, OTHER}


def test_a_platforms_own_path_speaks_and_counts_as_the_protocol_behind_it():
    assert ROUTES.spoken("/v1/own") == ROUTES.template("/v1/own") == "/invocations"
    # A path of V2 names the model in its errors, its template doesn't.
    assert ROUTES.spoken("/v2/models/shop/infer") == "/v2/models/shop/infer"
    assert ROUTES.template("/v2/models/shop/infer") == "/v2/models/{name}/infer"
    assert ROUTES.spoken("/anything") == "/anything"


def test_requests_on_the_spot_find_their_exchange_by_bytes():
    assert ROUTES.direct[b"/v1/own"] == ("/v1/own", EXCHANGES["/v1/own"])
    assert len(ROUTES.direct) == len(EXCHANGES)


def test_every_path_that_says_ready_is_open_to_everybody():
    assert READY <= HEALTH


def test_metrics_that_are_there_from_the_start_have_names_that_paths_get():
    assert {ROUTES.template(path) for path in ("/predict", FEEDBACK, "/schema")} == {*MEASURED}
