"""The document of a model's kinds of issues."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from deployed_models import MODEL, deployed, written
from rule_models import MODELS, needs_promtool

from monitoring.query_templates import PLACE, filled_text
from packager.deploy.issues import issue_document, service_document
from packager.deploy.prometheus.alerts import alert_group
from packager.deploy.prometheus.rules import AlertOptions


def test_each_kind_has_what_a_tracker_shows() -> None:
    for model in MODELS.values():
        found = issue_document(replace(model, options=AlertOptions("https://a.example/alerts")))
        assert set(found) == {one.name for one in alert_group(model).rules}
        for kind, one in found.items():
            assert set(one) == {
                *("share", "certainty", "plot", "severity", "summary", "action", "runbook")
            }
            assert one["runbook"] == f"https://a.example/alerts#{kind.lower()}"
            assert "$labels" not in json.dumps(one)
            assert [*one["plot"][0]] == ["title", "query", "form"]
    assert found["RequestsFailed"]["severity"] == "page"
    drift = filled_text(found["FeatureDrift"]["summary"], {"feature": "carat", "model": "m"})
    assert drift == "carat of m  has drifted from its training distribution"
    assert issue_document(MODEL)["TargetDown"]["runbook"] is None


def test_queries_are_on_the_time_scale_of_the_rules() -> None:
    plain = issue_document(MODEL)["SliceRegression"]["share"]
    quick = issue_document(replace(MODEL, options=AlertOptions(time_scale=60)))
    assert "[7d]" in plain
    assert quick["SliceRegression"]["share"] == plain.replace("[7d]", "[10080s]")


def test_the_places_are_labels_that_the_alert_has() -> None:
    known = {
        "FeatureDrift": {"feature"},
        "AnomalyRate": {"feature", "kind"},
        "SliceRegression": {"slice"},
        "EstimatedAccuracyDrop": {"slice"},
        "LabelCoverageLow": {"slice"},
        "ChallengerBetter": {"slice"},
        "ChallengerWorse": {"slice"},
        "OutputRegression": {"output", "measure", "slice"},
        "TargetDown": {"job", "instance"},
        "MemberFailed": {"member"},
        "MemberSlow": {"member"},
    }
    for model in MODELS.values():
        for kind, one in issue_document(model).items():
            asked = {place for text in _texts(one) for place in PLACE.findall(text)}
            assert asked <= {"model", "version", *known.get(kind, ())}, kind
    assert not any(
        PLACE.findall(text) for one in service_document().values() for text in _texts(one)
    )


def _texts(one: dict[str, object]) -> list[str]:
    plots = one["plot"]
    assert isinstance(plots, list)
    return [str(one[name]) for name in ("share", "certainty", "summary")] + [
        plot["query"] for plot in plots
    ]


def test_the_folder_has_a_document_for_each_model_and_one_of_the_service(tmp_path: Path) -> None:
    out = written(tmp_path)
    assert {path.name for path in (out / "issues").iterdir()} == {
        "diamonds-cut.json",
        "_issues.json",
        "_proxies.json",
    }
    assert set(json.loads((out / "issues/_issues.json").read_text())) == {
        "IssuesServiceDown",
        "IssuesReconcileStale",
    }


@pytest.mark.slow
@needs_promtool
def test_a_drill_s_folder_is_scraped_every_two_seconds(tmp_path: Path) -> None:
    out = tmp_path / "out"
    deployed(out, options=AlertOptions(time_scale=60))
    text = (out / "prometheus/prometheus.yml").read_text()
    assert 'scrape_interval: "2s"' in text
    done = subprocess.run(
        ["promtool", "check", "config", out / "prometheus/prometheus.yml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert 'group_interval: "5s"' in (out / "alertmanager/alertmanager.yml").read_text()
