"""The rules about the proxies of all models, and their tests: what only a proxy sees.

Each proxy is scraped in the job ``_proxy``, with the label ``model``. A folder without proxies has
no such targets, and so none of these alerts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from packager.deploy.prometheus.issue_queries import CERTAIN, AlertQueries, Plot
from packager.deploy.prometheus.rule_tests import (
    Expectation,
    RuleCase,
    TestSeries,
    test_document,
)
from packager.deploy.prometheus.rules import Alert, Group

PROXY_JOB = "_proxy"
"""No model has a name like it."""
GROUP = "proxies"
KEPT_METRICS = (
    *("haproxy_backend_active_servers", "haproxy_backend_http_requests_total"),
    *("haproxy_backend_http_responses_total", "haproxy_backend_retry_warnings_total"),
    *("haproxy_backend_redispatch_warnings_total", "haproxy_server_http_responses_total"),
)
"""Metrics that are stored: a proxy exposes some fifty for each possible replica."""
MIN_ERRORS = 10
PAGE_SHARE, TICKET_SHARE = 0.1, 0.001
UP = f'up{{job="{PROXY_JOB}"}}'
_REQUESTS = "haproxy_backend_http_requests_total"
_ANSWERS, _REPLICAS = "haproxy_backend_http_responses_total", "haproxy_server_http_responses_total"


def _increase(name: str, window: str, code: str = "", model: str = "") -> str:
    """The sum of a counter's increase by model, of requests that clients sent to the model."""
    matchers = [f'job="{PROXY_JOB}"', 'proxy=~"model|canary"']
    matchers += [f'code="{code}"'] if code else []
    matchers += [f"model={model}"] if model else []
    return f"sum by (model) (increase({name}{{{', '.join(matchers)}}}[{window}]))"


def _errors(window: str, model: str = "") -> str:
    """5xx that no replica answered; another replica's answer counts in their place."""
    all_of_them = _increase(_ANSWERS, window, "5xx", model)
    of_replicas = _increase(_REPLICAS, window, "5xx", model)
    return f"clamp_min({all_of_them} - ({of_replicas} or 0 * {all_of_them}), 0)"


def _exceeds(window: str, share: float) -> str:
    errors, requests = _errors(window), _increase(_REQUESTS, window)
    return f"{errors} > {share} * {requests} and {errors} >= {MIN_ERRORS}"


def proxy_group() -> Group:
    """The alerts. They have no other time scale: one file is about all models."""
    summary = "Requests to {{ $labels.model }} fail at its proxy: no replica answers them"
    action = (
        "Read the proxy's log: NOSRV and SC mean that no replica was ready or reachable, sH that"
        " one did not answer in time. Look at the replicas' /readyz, and start more."
    )
    alerts = [
        Alert("ProxyErrors", _exceeds("5m", PAGE_SHARE), "1m", "page", 1, summary, action),
        Alert("ProxyErrors", _exceeds("1h", TICKET_SHARE), "5m", "ticket", 2, summary, action),
        Alert(
            "ProxyDown",
            f"max by (model) ({UP}) == 0 or max by (model) (last_over_time({UP}[1d]) unless on"
            f" (model) {UP}) and on (model) max by (model) (model_package_info)",
            "2m",
            "page",
            1,
            "The proxy of {{ $labels.model }} cannot be scraped: no request may reach its replicas",
            "Read the proxy's log, and start it again; its replicas may be fine.",
        ),
    ]
    return Group(GROUP, "1m", alerts)


def proxy_queries() -> Mapping[str, AlertQueries]:
    """Kind of alert → its queries, about the traffic of one model."""
    errors = _errors("1h", "{model}")
    requests = _increase(_REQUESTS, "1h", model="{model}")
    rate = Plot("errors of the proxy in an hour", errors)
    ready = Plot(
        "replicas that are ready",
        f'haproxy_backend_active_servers{{job="{PROXY_JOB}", proxy="model", model={{model}}}}',
    )
    return {
        "ProxyErrors": AlertQueries(f"clamp_max({errors} / {requests}, 1)", CERTAIN, (rate, ready)),
        "ProxyDown": AlertQueries(CERTAIN, CERTAIN, (ready,)),
    }


def proxy_tests(rule_file: str) -> dict[str, Any]:
    """The content of a test file for the rules in ``rule_file``."""
    return test_document(proxy_cases(), [proxy_group()], rule_file)


def proxy_cases() -> list[RuleCase]:
    """Each alert firing and not firing."""
    shop = {"job": PROXY_JOB, "instance": "p", "model": "shop"}
    backend = {**shop, "proxy": "model"}
    page, ticket = {"model": "shop", "severity": "page"}, {"model": "shop", "severity": "ticket"}

    def counted(requests: str, errors: str, replica: str | None = "0x60") -> list[TestSeries]:
        answered = {**backend, "code": "5xx"}
        own = [TestSeries(_REPLICAS, {**answered, "server": "blue1"}, replica or "")]
        return [
            TestSeries(_REQUESTS, backend, requests),
            TestSeries(_ANSWERS, answered, errors),
            *(own if replica else []),
        ]

    def up(values: str) -> list[TestSeries]:
        return [TestSeries("up", shop, values)]

    runs = TestSeries("model_package_info", {"model": "shop", "version": "1"}, "1x60")
    errors, down = "ProxyErrors", "ProxyDown"
    cases: tuple[tuple[str, str, list[TestSeries], list[dict[str, str]]], ...] = (
        (errors, "fires where no replica answers", counted("0+60x60", "0+60x60"), [page, ticket]),
        (
            errors,
            "fires where no replica ever answered",
            counted("0+60x60", "0+60x60", None),
            [page, ticket],
        ),
        (errors, "a ticket for a few", counted("0+600x60", "0+3x60"), [ticket]),
        (errors, "not for what a replica answered", counted("0+60x60", "0+30x60", "0+30x60"), []),
        (errors, "not for fewer than ten", counted("0+60x60", "0x20 8x40"), []),
        (errors, "not without errors", counted("0+60x60", "0x60"), []),
        (down, "fires", [*up("1x10 0x50"), runs], [page]),
        (down, "fires where the target is gone", [*up("1x10 stale"), runs], [page]),
        (down, "not for a model that was removed", up("1x10 stale"), []),
        (down, "not where it answers", [*up("1x60"), runs], []),
        (down, "not for a restart", [*up("1x28 0x1 1x31"), runs], []),
    )
    return [
        RuleCase(f"{alert}: {name}", series, [Expectation(30, alert, firing)])
        for alert, name, series, firing in cases
    ]
