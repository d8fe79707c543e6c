"""The rules about proxies, by promtool."""

from __future__ import annotations

from pathlib import Path

import pytest
from rule_models import needs_promtool, promtool

from packager.deploy.prometheus.proxy_alerts import (
    proxy_cases,
    proxy_group,
    proxy_queries,
    proxy_tests,
)
from packager.deploy.prometheus.rule_tests import test_document as document_of
from packager.deploy.prometheus.rules import Alert, rules_document


@pytest.mark.slow
@needs_promtool
def test_the_alerts_about_proxies(tmp_path: Path) -> None:
    done = promtool(tmp_path, rules_document([proxy_group()]), proxy_tests("rules.yml"))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@needs_promtool
@pytest.mark.parametrize("alert", ["ProxyErrors", "ProxyDown"])
@pytest.mark.parametrize("broken", ["vector(1) > 2", "vector(1)"])
def test_a_broken_rule_fails_its_tests(alert: str, broken: str, tmp_path: Path) -> None:
    document = rules_document([proxy_group()])
    for rule in document["groups"][0]["rules"]:
        if rule["alert"] == alert:
            rule["expr"] = broken
    cases = [case for case in proxy_cases() if case.name.startswith(alert)]
    tests = document_of(cases, [proxy_group()], "rules.yml")
    assert promtool(tmp_path, document, tests).returncode == 1


def test_every_kind_has_queries_about_its_model() -> None:
    kinds = {rule.name for rule in proxy_group().rules if isinstance(rule, Alert)}
    assert set(proxy_queries()) == kinds
    assert all("model={model}" in one.plot[0].query for one in proxy_queries().values())
