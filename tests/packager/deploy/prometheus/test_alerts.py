"""Alerts have the required annotations, and none pages for an estimate."""

from __future__ import annotations

from pathlib import Path

from rule_models import MODELS, NAMES

from packager.deploy.prometheus.alerts import alert_group


def test_alerts_carry_what_a_person_needs() -> None:
    rules = alert_group(MODELS["classification"]).document()["rules"]
    assert sorted({rule["alert"] for rule in rules}) == sorted(NAMES)
    for rule in rules:
        assert rule["labels"]["severity"] in ("page", "ticket", "info")
        assert rule["labels"]["priority"] in "1234"
        assert len(rule["annotations"]["action"]) > 40
        assert set(rule["annotations"]) == {"summary", "action", "value"}
    text = (Path(__file__).parents[4] / "docs" / "alerts.md").read_text(encoding="utf-8")
    for name in (*NAMES, "OutputRegression", "IssuesServiceDown", "IssuesReconcileStale"):
        assert f"\n### {name}\n" in text


def test_outputs_have_an_alert_of_their_own_in_place_of_that_of_slices() -> None:
    rules = alert_group(MODELS["outputs"]).document()["rules"]
    names = {rule["alert"] for rule in rules}
    of_labels = {"SliceRegression", "EstimatedAccuracyDrop", "ChallengerBetter", "ChallengerWorse"}
    assert names == {*NAMES, "OutputRegression"} - of_labels


def test_estimates_never_page() -> None:
    rules = alert_group(MODELS["classification"]).document()["rules"]
    found = [rule for rule in rules if rule["alert"] == "EstimatedAccuracyDrop"]
    assert [rule["labels"]["severity"] for rule in found] == ["info"]
