"""Requests made of whatever means harm: every answer has a documented code, none is a 5xx."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from example_counts import many
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from issue_samples import finding
from issue_services import Service, running

from packager.tracker.core.finding import Finding
from packager.tracker.store.sqlite import SqliteStore

DOCUMENTED = {200, 201, 400, 401, 403, 404, 405, 409, 413, 429}
QUICK = settings(
    max_examples=many(150),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
TEXTS = (
    "", "\0", "\x1b[31m", "a" * 3_000, "\u202egnp.exe", "<script>alert(1)</script>", "javascript:x",
    "'; drop table issue; --", 'NEAR("a" *', "body:x OR", "%s ? {0}", "..", "feature=f0", "1e400",
    "\U0001f600", "é" * 600, "-1", "9" * 400, "all", "open", "P1", "2026-11-29T10:00:00Z", "NaN",
)  # fmt: skip
RAW = (
    "null", "true", "-0", "1e400", "NaN", "Infinity", "9" * 400, "9" * 5_000, "-1", "0.5", "[]",
    "{}", '"\\ud800"', '"\\u0000"', "[" * 3_000, '{"a":' * 3_000, '"2026-11-29T10:00:00Z"',
    '"9999-12-31T23:59:59.999999999-23:59"', '"0001-01-01T00:00:00+23:59"', '"ticket"',
    "1796000000", '{"x":1e308}', '{"self":"https://x/"}', '{"self":"javascript:alert(1)"}',
)  # fmt: skip
"""Values as JSON texts, some of which aren't JSON."""
FIELDS = {
    "/api/v1/findings": (*Finding.model_fields, "unknown", "findings", "scan", "proofs"),
    "/api/v1/issues": (*Finding.model_fields, "unknown"),
    "/api/v1/issues/1": (
        *("action", "until", "until_doubled", "until_new_version", "reason", "version"),
        *("owner", "label", "bands", "text", "unknown"),
    ),
    "/api/v1/issues/1/comments": ("text", "action", "unknown"),
    "/api/v1/issues/1/labels": ("label", "action"),
    "/api/v1/tokens": ("name", "scope", "unknown"),
}
ACTIONS = (
    *("acknowledge", "reopen", "resolve", "snooze", "ignore", "assign", "label", "unlabel"),
    *("move", "comment", "explode"),
)
value = st.one_of(st.sampled_from(RAW), st.sampled_from(TEXTS).map(json.dumps))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    store = SqliteStore(tmp_path_factory.mktemp("hostile") / "issues.db")
    with running(store) as one:
        one.ask("POST", "/api/v1/findings", json={"findings": [finding().model_dump(mode="json")]})
        yield one


def check(service: Service, answer: Any) -> None:
    assert answer.status_code in DOCUMENTED, answer.text
    if answer.status_code >= 400:
        error = answer.json()["error"]
        assert set(error) == {"code", "message"}
        assert len(error["message"]) <= 700
    for secret in service.secrets.values():
        assert secret not in answer.text


@pytest.mark.slow
@QUICK
@given(
    path=st.sampled_from(sorted(FIELDS)),
    data=st.data(),
    action=st.sampled_from(ACTIONS),
)
def test_bodies(service: Service, path: str, data: st.DataObject, action: str) -> None:
    method = "PATCH" if path.endswith("/1") else "POST"
    fields = data.draw(
        st.dictionaries(st.sampled_from(FIELDS[path]), value, max_size=6), label="fields"
    )
    whole = {
        "/api/v1/findings": finding().model_dump(mode="json"),
        "/api/v1/issues": finding().model_dump(mode="json", exclude={"source", "starts_at"}),
        "/api/v1/issues/1": {"action": action},
    }.get(path, {})
    texts = {name: json.dumps(one) for name, one in whole.items()} | fields
    body = "{" + ",".join(f"{json.dumps(name)}:{text}" for name, text in texts.items()) + "}"
    if path == "/api/v1/findings" and "findings" not in fields:
        body = '{"findings":[' + body + "]}"
    check(service, service.ask(method, path, content=body.encode("utf-8", "surrogatepass")))


@pytest.mark.slow
@QUICK
@given(path=st.sampled_from([*FIELDS, "/api/v1/import"]), body=st.one_of(value, st.binary()))
def test_bodies_that_are_no_records(service: Service, path: str, body: Any) -> None:
    method = "PATCH" if path.endswith("/1") else "POST"
    content = body if isinstance(body, bytes) else body.encode("utf-8", "surrogatepass")
    check(service, service.ask(method, path, content=content))


NAMES = (
    *("state", "band", "package", "kind", "owner", "label", "cause", "q", "after", "limit"),
    *("order", "folded", "before", "stat", ""),
)
text = st.one_of(st.sampled_from(TEXTS), st.sampled_from(RAW), st.text(max_size=20))


@pytest.mark.slow
@QUICK
@given(
    path=st.sampled_from(
        ["/api/v1/issues", "/api/v1/issues/1/events", "/api/v1/audit", "/api/v1/packages"]
    ),
    query=st.lists(st.tuples(st.sampled_from(NAMES), text), max_size=3),
)
def test_queries(service: Service, path: str, query: list[tuple[str, str]]) -> None:
    clean = [(name, one.encode("utf-8", "replace").decode()[:2_000]) for name, one in query]
    check(service, service.ask("GET", path, params=clean))


@pytest.mark.parametrize(
    "raw", ["q=%ED%A0%80", "q=%00", "after=%FF", "q=%", "state=&state=&&=", ";"]
)
def test_queries_of_bytes(service: Service, raw: str) -> None:
    check(service, service.ask("GET", f"/api/v1/issues?{raw}"))


@pytest.mark.parametrize(
    "key",
    [
        "bm9uc2Vuc2U", "W10", "WzEsMSwxLDFd=", "é", "====", "A" * 5_000,
        "WzEsIE5hTiwgMSwgMV0",  # [1, NaN, 1, 1]
        "WzEsMWU0MDAsMSwxXQ",  # [1,1e400,1,1]
        "WzEsMSwxLDk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5XQ",  # an id of 32 digits
        "WzEsMSwxLC0xXQ",  # an id of -1
    ],
)  # fmt: skip
def test_keys_of_pages_that_nobody_was_given(service: Service, key: str) -> None:
    answer = service.ask("GET", "/api/v1/issues", params={"after": key})
    if answer.status_code != 200:
        check(service, answer)
        assert answer.json()["error"]["message"].startswith("after: expected the key of a page")


@pytest.mark.parametrize("number", ["0", "-1", "9" * 19, "9" * 5_000, "1.5", "x", "%00", "٣"])
@pytest.mark.parametrize("rest", ["", "/events", "/comments", "/labels", "/labels/x"])
def test_numbers_of_issues(service: Service, number: str, rest: str) -> None:
    for method in ("GET", "PATCH", "POST", "DELETE"):
        answer = service.ask(method, f"/api/v1/issues/{number}{rest}", json={"text": "x"})
        assert answer.status_code in {307, 400, 404, 405}


@pytest.mark.slow
@QUICK
@given(name=text, path=st.sampled_from(["/api/v1/tokens/", "/api/v1/issues/1/labels/"]))
def test_names_in_addresses(service: Service, name: str, path: str) -> None:
    from urllib.parse import quote

    quoted = quote(name.encode("utf-8", "replace"), safe="")
    check(service, service.ask("DELETE", f"{path}{quoted}x"))


def test_an_unknown_parameter_is_refused(service: Service) -> None:
    """A misspelt filter would select everything."""
    for path in ("issues?stat=open", "packages?x=1", "issues/1?x=1", "tokens?x", "export?since=1"):
        name = path.partition("?")[2].partition("=")[0]
        answer = service.ask("GET", f"/api/v1/{path}{'' if '=' in path else '=1'}")
        assert answer.status_code == 400
        assert f"got '{name}'" in answer.json()["error"]["message"]


def test_a_body_has_a_mebibyte_and_a_thousand_findings(service: Service) -> None:
    one = finding().model_dump(mode="json")
    many = service.ask("POST", "/api/v1/findings", json={"findings": [one] * 1_001})
    assert many.status_code == 400
    assert "findings: expected at most 1000 items" in many.json()["error"]["message"]
    large = b'{"findings": []' + b" " * (1 << 20) + b"}"
    for content in (large, iter([large])):  # with a length, and in chunks without one
        answer = service.ask("POST", "/api/v1/findings", content=content)
        assert answer.status_code == 413
        assert answer.json()["error"] == {
            "code": "too_large",
            "message": "expected a body of at most 1048576 bytes",
        }


def test_texts_are_cut_and_names_are_not(service: Service) -> None:
    """Cut names could be equal."""
    long = finding(subject="feature=cut", title="t" * 5_000, evidence="e" * 5_000)
    body = {"findings": [long.model_dump(mode="json")]}
    number = service.ask("POST", "/api/v1/findings", json=body).json()["findings"][0]["id"]
    shown = service.ask("GET", f"/api/v1/issues/{number}").json()
    assert (len(shown["title"]), shown["title"][-1]) == (2_000, "…")
    assert len(shown["evidence"]) == 2_000
    for field, most in (("package", 200), ("kind", 200), ("subject", 200), ("delivery", 500),
                        ("key", 500), ("version", 500)):  # fmt: skip
        one = finding().model_dump(mode="json") | {field: "x" * (most + 1)}
        answer = service.ask("POST", "/api/v1/findings", json={"findings": [one]})
        assert answer.status_code == 400, field
        assert f"at most {most} characters" in answer.json()["error"]["message"]


def test_secrets_are_in_no_log(
    service: Service, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    with caplog.at_level(0):
        for scope in service.secrets:
            service.ask("GET", "/api/v1/issues?after=x", scope)
        made = service.ask("POST", "/api/v1/tokens", json={"name": "log", "scope": "report"})
        service.ask("POST", "/api/v1/tokens", json={"name": "log", "scope": "report"})
    for secret in (*service.secrets.values(), made.json()["token"]):
        assert secret not in caplog.text


def test_no_route_reads_numbers_of_any_length(service: Service) -> None:
    """Python refuses to read a number of 5,000 digits, which would be a 500."""
    routes = service.client.app.routes  # type: ignore[attr-defined]
    assert [one.path for one in routes if ":int}" in one.path] == []
    assert service.client.get(f"/issues/{'9' * 5_000}").status_code in {303, 401, 404}
