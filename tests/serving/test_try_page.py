"""The page at ``/try`` through a server: predictions, labels, keys, other sites, hostile names.

Also looked at in Chromium at 360 and 1280 pixels, light and dark: nothing is requested but the
page, the console is empty, and the page does not scroll sideways.
"""

from __future__ import annotations

import base64
import random
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from browser import in_page, needs_browser
from html_forms import SentForm
from serving_helpers import Package, Server
from tried_packages import HOSTILE, PNG, ROW, every_kind

pytestmark = pytest.mark.server

TYPE = "multipart/form-data; boundary=XX"
TAGS = {
    *("html", "head", "meta", "title", "style", "body", "header", "main", "section", "form"),
    *("div", "p", "h1", "h2", "h3", "dl", "dt", "dd", "label", "input", "select", "option"),
    *("textarea", "datalist", "button", "a", "em", "b", "span", "strong", "fieldset", "legend"),
    *("svg", "rect", "line", "img", "ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td"),
    *("details", "summary", "pre"),
}


@pytest.fixture(scope="module")
def several(
    tmp_path_factory: pytest.TempPathFactory, start_shared: Callable[..., Server]
) -> Server:
    package = every_kind(tmp_path_factory.mktemp("several"))
    return start_shared(package, MODEL_TRY_PAGE="on")


@pytest.fixture(scope="module")
def simple(package: Package, start_shared: Callable[..., Server]) -> Server:
    return start_shared(package, MODEL_TRY_PAGE="on", MODEL_WORKERS="1")


def url(server: Server) -> str:
    return f"http://127.0.0.1:{server.port}/try"


def opened(server: Server) -> SentForm:
    reply = httpx.get(url(server))
    assert reply.status_code == 200
    return SentForm(reply.text)


def sent(server: Server, body: bytes, **headers: str) -> httpx.Response:
    reply = httpx.post(url(server), content=body, headers={"content-type": TYPE, **headers})
    server.answered[0] = time.monotonic()
    return reply


def shown(server: Server, form: SentForm, status: int = 200, **changed: Any) -> SentForm:
    """The page after the form was sent."""
    reply = sent(server, form.body(**changed))
    assert reply.status_code == status, reply.text
    return SentForm(reply.text)


def test_without_the_setting_there_is_no_page(server: Server) -> None:
    for method in ("GET", "POST"):
        reply = server.request(method, "/try", b"" if method == "POST" else None)
        assert reply.status == 404
        assert reply.json["error"] == {
            "code": "try_page_off",
            "message": "this server has no page to try it",
            "expected": "MODEL_TRY_PAGE=on",
        }


def test_the_page_is_one_file_without_scripts_that_may_do_nothing(several: Server) -> None:
    reply = httpx.get(url(several))
    policy = reply.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert reply.headers["cache-control"] == "no-store"
    form = SentForm(reply.text)
    for tag, attributes in form.tags:
        assert tag in TAGS
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        for name in ("src", "href", "action", "formaction"):
            address = attributes.get(name)
            assert address is None or address == "try" or address.startswith("data:image/png;")
    assert form.attributes["action"] == "try"  # relative: a prefix of a proxy stays


def test_the_prediction_is_that_of_json_and_values_stay(several: Server) -> None:
    form = opened(several)
    answer = several.predict([{**ROW, "shop": None}]).json["predictions"][0]
    page = shown(several, form)
    for level in ("2.5", "3.5", "6.5"):
        assert level in page.said
    assert f"{100 * answer['probabilities']['kind']['sent']:.1f} %" in page.said
    first = form.values()
    assert {name: page.values()[name] for name in first} == first


def test_what_is_unusual_stands_beside_its_input(several: Server) -> None:
    page = shown(several, opened(several), c0="55", c3__other="green", c1="")
    assert "number outside the range of training" in page.said
    assert "colour not seen in training" in page.said
    assert "whole missing" in page.said
    assert page.values()["c0"] == "55"
    assert page.values()["c3.other"] == "green"


def test_the_bin_of_each_value_is_shown_with_its_share(simple: Server, package: Package) -> None:
    page = shown(simple, opened(simple), c0="0.5", c1='"E"', c2="51")
    rows = package.frame["color"]
    assert f"E : {100 * (rows == 'E').mean():.1f} % of the training rows" in page.said
    assert "51 to 52" in page.said
    marked = [attributes for tag, attributes in page.tags if attributes.get("class") == "here"]
    assert len(marked) == 3


def test_an_error_stands_beside_its_input_with_the_values_kept(several: Server) -> None:
    shown(several, opened(several), 422, c0="old")
    page = shown(several, opened(several), 422, c13="[[1, 2], [3]]", c0="1")
    assert "one value is refused; the reason is beside it" in page.said
    assert "Expected 2x2 int16 values as nested lists, with 2 values at [1], got" in page.said
    assert page.values()["c13"] == "[[1, 2], [3]]"
    assert page.values()["c0"] == "1"
    invalid = [given["id"] for _, given in page.tags if "aria-invalid" in given]
    assert invalid == ["c13"]
    assert several.metric("model_feature_anomalies_total", feature="number", kind="invalid") == 1


def test_no_name_and_no_value_becomes_markup(several: Server) -> None:
    form = opened(several)
    hostile = f"{HOSTILE}<img src=x onerror=alert(1)>"
    for page in (
        form,
        shown(several, form, c5=hostile, c3__other=hostile, c11=hostile, c14=f'["{"<b>"}"]'),
        shown(several, form, 422, c0=hostile, c6=hostile),
        shown(several, form, 409, version=hostile),
    ):
        assert {tag for tag, _ in page.tags} <= TAGS
        assert not [1 for _, given in page.tags if any(name.startswith("on") for name in given)]
        assert "XSS" in page.said


def test_a_file_is_kept_until_another_one_is_chosen(several: Server) -> None:
    form = opened(several)
    page = shown(several, form, c12=PNG + b"more")
    assert base64.b64decode(page.values()["c12.kept"]) == PNG + b"more"
    again = shown(several, page, c0="1")
    assert again.values()["c12.kept"] == page.values()["c12.kept"]
    large = shown(several, form, c12=bytes(300_000))
    assert "The file of 300.0 kB must be chosen again." in large.said
    assert "c12.kept" not in large.values()


def test_a_true_label_is_counted_once(simple: Server) -> None:
    page = shown(simple, opened(simple))
    assert "Was it right?" in page.said
    before = simple.metric("model_feedback_total", slice="__all__")
    done = shown(simple, page, action="feedback", l0='"Ideal"')
    assert "The true label is counted." in done.said
    assert done.values()["c0"] == page.values()["c0"]
    assert (
        "this prediction already has a label"
        in shown(simple, page, action="feedback", l0='"Ideal"').said
    )
    fresh = shown(simple, opened(simple))
    assert "No label was chosen" in shown(simple, fresh, action="feedback").said
    assert "not counted" in shown(simple, fresh, action="feedback", l0='"Best"').said
    assert "not counted" in shown(simple, fresh, action="feedback", token="x", l0='"Fair"').said
    assert simple.metric("model_feedback_total", slice="__all__") == before + 1


def test_labels_of_several_outputs_come_with_their_answer(several: Server) -> None:
    page = shown(several, opened(several))
    done = shown(several, page, action="feedback", l0='"sent"', l1="3.75", l2='["heavy"]')
    assert "The true label is counted." in done.said
    wrong = shown(several, page, action="feedback", answer="{}", l0='"sent"')
    assert "the label belongs to another prediction" in wrong.said


def test_rows_count_as_those_of_other_routes(simple: Server) -> None:
    name = "model_predictions_total"
    before = simple.metric(name)
    shown(simple, opened(simple))
    assert simple.metric(name) == before + 1
    assert simple.metric("model_request_duration_seconds_count", route="/try", code="2xx") >= 2


def test_rows_may_be_left_out_of_the_counters(
    package: Package, start_server: Callable[..., Server]
) -> None:
    server = start_server(package, MODEL_TRY_PAGE="uncounted", MODEL_WORKERS="1")
    form = opened(server)
    assert "are not counted in the metrics, and take no labels" in form.said
    page = shown(server, form)
    assert "Was it right?" not in page.said
    shown(server, form, 422, c2="1.5")
    assert "this page takes no labels" in shown(server, form, 404, action="feedback").said
    assert server.metric("model_predictions_total") == 0
    assert server.metric("model_feature_anomalies_total", kind="invalid") == 0
    assert server.metric("model_request_duration_seconds_count", route="/try") == 4


def test_with_keys_a_browser_asks_for_one(
    package: Package, start_server: Callable[..., Server], tmp_path: Path
) -> None:
    keys = tmp_path / "keys"
    keys.write_text("first: key\n")
    server = start_server(
        package, MODEL_TRY_PAGE="on", MODEL_API_KEYS_FILE=str(keys), MODEL_WORKERS="1"
    )
    refused = httpx.get(url(server))
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == 'Basic realm="model", charset="UTF-8"'
    assert "a key is needed" in SentForm(refused.text).said
    assert "carat" not in refused.text
    for given in (("any", "first: key"), ("", "first: key")):
        page = httpx.get(url(server), auth=given)
        assert page.status_code == 200
        assert "first: key" not in page.text
    bearer = {"authorization": "Bearer first: key"}
    assert httpx.get(url(server), headers=bearer).status_code == 200
    assert httpx.get(url(server), auth=("first: key", "")).status_code == 401
    assert httpx.get(url(server), headers={"authorization": "Basic ?"}).status_code == 401
    other = url(server).replace("/try", "/schema")
    assert httpx.get(other, auth=("any", "first: key")).status_code == 401
    assert httpx.get(other).headers["www-authenticate"] == "Bearer"
    body = SentForm(page.text).body()
    assert sent(server, body).status_code == 401
    done = httpx.post(
        url(server), content=body, headers={"content-type": TYPE}, auth=("any", "first: key")
    )
    assert done.status_code == 200
    assert "first: key" not in done.text


def test_forms_of_other_sites_are_refused(simple: Server) -> None:
    body = opened(simple).body()
    own = f"http://127.0.0.1:{simple.port}"
    for headers in (
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": own},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://[::1"},
    ):
        reply = sent(simple, body, **headers)
        assert reply.status_code == 403, headers
        assert "the form came from another site than this server" in SentForm(reply.text).said
    for headers in ({"sec-fetch-site": "same-origin"}, {"origin": own}, {}):
        assert sent(simple, body, **headers).status_code == 200, headers


def test_a_form_of_another_version_is_shown_anew(simple: Server) -> None:
    page = shown(simple, opened(simple), 409, version="0.9-0123456789ab", c0="7")
    assert "another version of the model since the form was opened" in page.said
    assert page.values()["c0"] == "0.5"  # the numbers of columns may mean others


def test_other_methods_and_media_types_are_refused(simple: Server) -> None:
    reply = simple.request("PUT", "/try", b"")
    assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD, POST, OPTIONS")
    assert httpx.head(url(simple)).status_code == 200
    for kind in ("application/json", "multipart/form-data", "text/plain"):
        reply = httpx.post(url(simple), content=b"{}", headers={"content-type": kind})
        assert reply.status_code == 400
        assert "Predict" in reply.text


def test_broken_forms_never_get_a_500(several: Server) -> None:
    source = random.Random(11)
    whole = opened(several).body()
    seen = set()
    with httpx.Client() as client:
        for _ in range(120):
            at = source.randrange(len(whole))
            change = source.choice((b"", b"\r\n", b"--XX", b"\xff", b'"', b"\0", b"name=", b"c1"))
            body = whole[:at] + change + whole[at + source.choice((0, 1, 9, 300)) :]
            reply = client.post(url(several), content=body, headers={"content-type": TYPE})
            seen.add(reply.status_code)
            assert reply.headers["content-type"] == "text/html; charset=utf-8"
            SentForm(reply.text)
    assert seen <= {200, 400, 409, 413, 415, 422}
    assert {200, 400, 422} <= seen
    assert " 500" not in several.log.read_text()


def test_failures_of_the_model_and_bounds_are_told_on_the_page(
    failing_package: Package, start_server: Callable[..., Server]
) -> None:
    server = start_server(
        failing_package, MODEL_TRY_PAGE="on", MODEL_MAX_BODY_BYTES="2000", MODEL_WORKERS="1"
    )
    form = opened(server)
    page = shown(server, form, 422, c0="1")
    assert "the model raises an error for this, but not for other rows" in page.said
    assert "a secret" not in page.said
    reply = sent(server, form.body(c0="6"))
    assert (reply.status_code, reply.headers["retry-after"]) == (503, "1")
    page = SentForm(reply.text)
    assert "the process of model diamonds ended before it answered" in page.said
    assert page.values()["c0"] == "6"
    assert server.told(lambda line: line["level"] == "error" and line.get("route") == "/try")
    reply = sent(server, form.body(c0="1" * 2_000))
    assert reply.status_code == 413
    assert "413: the body is too large: expected <= 2000 bytes" in SentForm(reply.text).said


def test_values_are_bounded_as_those_of_json(several: Server) -> None:
    page = shown(several, opened(several), 413, c13="[" + "1," * 600_000, c12=PNG + b"," * 600_000)
    assert "the request has about 60000" in page.said


CHROMIUM = ("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom")


@needs_browser
def test_a_browser_runs_no_name_and_says_when_another_site_sends_the_form(
    several: Server, tmp_path: Path
) -> None:
    dom = in_page(url(several), "document.documentElement.outerHTML")
    assert "<title>parcels: try</title>" in dom
    foreign = tmp_path / "evil.html"
    foreign.write_text(
        f'<form method="post" enctype="multipart/form-data" action="{url(several)}">'
        '<input name="version" value="1"></form><script>document.forms[0].submit()</script>'
    )
    command = [*CHROMIUM, "--virtual-time-budget=5000", foreign.as_uri()]
    dom = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    assert "the form came from another site than this server" in dom
