"""The skeleton of the page, its policy and its refusals."""

from __future__ import annotations

import base64
import hashlib
import re

from html_forms import SentForm
from serving_helpers import make_manifest
from tried_packages import HOSTILE

from packager.manifest.manifest import Schema
from packager.report.page import STYLE
from serving.http.messages import RequestError
from serving.try_page.page import headers, notice, page, refusal, sentence, style


def test_the_page_has_the_style_of_all_pages_and_only_it() -> None:
    assert style().startswith(STYLE.read_text(encoding="utf-8"))
    made = page(make_manifest(Schema(features=())), ["<p>body</p>"]).decode()
    (sheet,) = re.findall(r"<style>(.*?)</style>", made, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}';" in headers()["Content-Security-Policy"]
    assert "version 1.0.0-" in SentForm(made).said


def test_names_are_text() -> None:
    made = make_manifest(Schema(features=())).model_copy(update={"name": HOSTILE})
    shown = SentForm(page(made, [notice(HOSTILE, bad=True, title=HOSTILE)]).decode())
    assert shown.said.count(HOSTILE) == 4  # title, heading, and both of the notice
    assert "script" not in {tag for tag, _ in shown.tags}


def test_a_refusal_is_a_page_with_its_headers() -> None:
    error = RequestError(503, "overloaded", "too many wait", headers={"Retry-After": "1"})
    response = refusal(error)
    assert response.status == 503
    assert response.headers["Retry-After"] == "1"
    assert "503: too many wait Open the form" in SentForm(response.body.decode()).said


def test_an_error_says_what_is_expected_once() -> None:
    assert sentence(RequestError(400, "a", "no form", expected="a form")) == (
        "no form: expected a form"
    )
    assert sentence(RequestError(400, "a", "expected a form", expected="a form")) == (
        "expected a form"
    )
    assert sentence(RequestError(400, "a", "no form")) == "no form"
