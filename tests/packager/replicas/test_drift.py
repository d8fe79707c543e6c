"""``package drift`` on metrics of replicas: sums, verdicts, and answers that aren't metrics."""

from __future__ import annotations

import json

import pytest
from metrics_servers import ANY, answering, exposition, line
from typer.testing import CliRunner

from monitoring.stats import drift
from packager.cli.commands import app
from packager.cli.named_command import named_command
from packager.errors import UsageError
from packager.replicas.counters import (
    scrape_replicas,
)
from packager.replicas.drift import drift_report
from packager.report.drift import as_text

DRIFT = named_command(app, ["drift"])


def test_replicas_add_up_and_references_do_not() -> None:
    one = exposition({"low": 500, "middle": 0, "high": 0})
    other = exposition({"low": 0, "middle": 300, "high": 200})
    with answering(one, other) as urls:
        found = drift_report(scrape_replicas(urls, ANY), 1.0)
    (feature,) = found.features
    assert feature.measured == drift.measure_drift([500, 300, 200], [500, 300, 200])
    assert found.slices[0].labels == 200
    assert found.slices[0].baseline_rows == 1_000
    assert found.source == "2 replicas since their start"
    assert not feature.measured.drifting


def test_drift_anomalies_and_a_worse_slice_are_reported() -> None:
    with answering(exposition({"low": 100, "middle": 200, "high": 700}, 50, 50)) as urls:
        found = drift_report(scrape_replicas(urls, ANY), 1.0)
    assert found.drifting
    shown = as_text(found)
    assert [row.split()[-1] for row in shown.splitlines() if row.startswith(("f ", "__all__"))] == [
        "DRIFT",
        "MORE",
        "WORSE",
    ]
    assert shown.endswith("verdict: drift")
    document = json.loads(json.dumps(found.as_json(), allow_nan=False))
    assert document["features"][0]["drifting"] is True
    assert document["anomalies"][0]["ratio"] == 0.1


def test_long_names_go_on_in_the_next_line_of_a_terminal_and_none_is_cut() -> None:
    name = "customers_average_basket_of_the_last_ninety_days"
    lines = exposition({"low": 100, "middle": 200, "high": 700}, 50, 50).replace(
        'feature="f"', f'feature="{name}"'
    )
    with answering(lines) as urls:
        found = drift_report(scrape_replicas(urls, ANY), 1.0)
    assert name in as_text(found)
    assert max(map(len, as_text(found).splitlines())) > 80
    narrow = as_text(found, 80).splitlines()
    assert max(map(len, narrow)) <= 80
    assert "…" not in "".join(narrow)
    folded = [row.split()[0] for row in narrow if row.strip()]
    assert name in "".join(folded)


def test_without_rows_nothing_drifts_and_nothing_is_claimed() -> None:
    with answering(exposition({"low": 0, "middle": 0, "high": 0}, 0, 0)) as urls:
        found = drift_report(scrape_replicas(urls, ANY), 1.0)
    assert not found.drifting
    assert as_text(found).endswith("verdict: no rows")
    assert "no labels" in as_text(found)
    assert json.loads(json.dumps(found.as_json(), allow_nan=False))["features"][0]["z"] is None


def test_a_regression_is_judged_by_its_mean_error() -> None:
    lines = [
        line("model_package_info", 1, digest="d"),
        line("model_slice_predictions_total", 300, slice="__all__"),
        line("model_feedback_total", 240, slice="__all__", outcome="scored"),
        line("model_feedback_absolute_error_total", 480, slice="__all__"),
        line("model_feedback_squared_error_total", 1_200, slice="__all__"),
        line("model_slice_baseline_mae", 1.6, slice="__all__"),
        line("model_slice_baseline_error_variance", 1, slice="__all__"),
        line("model_slice_baseline_effective_rows", 800, slice="__all__"),
    ]
    with answering("\n".join(lines)) as urls:
        found = drift_report(scrape_replicas(urls, ANY), 1.0)
    (part,) = found.slices
    assert (part.score, part.labels, part.regressed) == (2.0, 240, True)
    assert "mean error" in as_text(found)


@pytest.mark.slow
def test_the_command_says_its_verdict_and_fails_only_where_asked_to() -> None:
    run = CliRunner().invoke
    with answering(exposition({"low": 100, "middle": 200, "high": 700})) as (url,):
        plain = run(DRIFT, ["drift", url])
        assert plain.exit_code == 0
        assert plain.stdout.strip().endswith("verdict: drift")
        assert run(DRIFT, ["drift", url, "--fail-on-drift"]).exit_code == 1
        assert json.loads(run(DRIFT, ["drift", url, "--json"]).stdout)["drifting"] is True
    with answering(exposition({"low": 50, "middle": 30, "high": 20})) as (url,):
        assert run(DRIFT, ["drift", url, "--design-effect", "10"]).exit_code == 0
    nothing = exposition({"low": 0, "middle": 0, "high": 0}, 0, 0)
    with answering(nothing) as (url,):
        assert run(DRIFT, ["drift", url]).exit_code == 0
        assert run(DRIFT, ["drift", url, "--fail-on-drift"]).exit_code == 1


@pytest.mark.parametrize(
    ("counts", "verdict", "feature"),
    [
        ({"low": 0, "middle": 0, "high": 0}, "no rows", "no rows"),
        ({"low": 249, "middle": 150, "high": 100}, "too few rows to decide", "too few rows"),
        ({"low": 100, "middle": 100, "high": 250}, "too few rows to decide", "too few rows"),
        ({"low": 250, "middle": 150, "high": 100}, "no drift", "ok"),
        ({"low": 100, "middle": 200, "high": 700}, "drift", "DRIFT"),
    ],
)
def test_only_rows_enough_to_see_a_drift_say_that_there_is_none(
    counts: dict[str, int], verdict: str, feature: str
) -> None:
    text = exposition(counts, 0, 0).replace('kind="missing"', 'kind="invalid"')
    text = "\n".join(x for x in text.splitlines() if "anomalies" not in x) + "\n"
    with answering(text) as (url,):
        shown = CliRunner().invoke(DRIFT, ["drift", url, "--fail-on-drift"])
        found = json.loads(CliRunner().invoke(DRIFT, ["drift", url, "--json"]).stdout)
        fewer = drift_report(scrape_replicas([url], ANY), design_effect=2.0)
    assert shown.exit_code == (verdict != "no drift")
    assert shown.stdout.strip().endswith(f"verdict: {verdict}")
    (row,) = (x for x in shown.stdout.splitlines() if x.startswith("f "))
    assert row.endswith(feature)
    assert (found["verdict"], found["features"][0]["verdict"]) == (verdict, feature.lower())
    if verdict == "no drift":
        assert fewer.verdict == "too few rows to decide"


def test_what_is_not_compared_and_what_is_usual_are_said() -> None:
    more = [
        line("model_drift_excluded_features", 1, feature="when", reason="timestamp"),
        line("model_drift_excluded_features", 7, feature="other", reason="other"),
        line("model_feature_anomalies_total", 3, feature="f", kind="above_range"),
        line("model_feature_reference_anomalies_ratio", 0.25, feature="f", kind="above_range"),
    ]
    text = exposition({"low": 500, "middle": 300, "high": 200}) + "\n".join(more)
    with answering(text) as (url,):
        found = drift_report(scrape_replicas([url], ANY), 1.0)
    shown = as_text(found)
    assert "when          a timestamp: later values are always new" in shown
    assert "7 others      package inspect says why" in shown
    rows = [x.split() for x in shown.splitlines() if x.startswith("f ")]
    assert rows[1][:6] == ["f", "missing", "100", "0.1000", "0", "training"]
    assert rows[2][:6] == ["f", "above_range", "3", "0.003000", "0.2500", "held-out"]
    assert "in training" not in shown
    document = found.as_json()
    assert document["drift_excluded"][1] == {
        "name": "when",
        "features": 1,
        "reason": "a timestamp: later values are always new",
    }
    assert [odd["verdict"] for odd in document["anomalies"]] == ["more", "ok"]


def test_a_package_without_a_profile_has_nothing_to_compare() -> None:
    lines = [
        line("model_package_info", 1, digest="d"),
        line("model_slice_predictions_total", 5_000, slice="__all__"),
    ]
    with answering("\n".join(lines)) as (url,):
        shown = CliRunner().invoke(DRIFT, ["drift", url, "--fail-on-drift"])
    assert (shown.exit_code, shown.stdout.splitlines()[-1]) == (1, "verdict: nothing to compare")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "got neither"),
        (["http://a", "--prometheus", "http://b"], "got both"),
        (["http://a", "--window", "1d"], "--window: expected --prometheus with it"),
        (["http://a", "--design-effect", "0.5"], "--design-effect: expected at least 1, got 0.5"),
    ],
)
def test_arguments_that_contradict_each_other_are_refused(
    arguments: list[str], message: str
) -> None:
    found = CliRunner().invoke(DRIFT, ["drift", *arguments])
    assert isinstance(found.exception, UsageError)
    assert message in found.exception.message


def test_outputs_are_judged_each_by_its_measure() -> None:
    def measured(output: str, measure: str, count: float, total: float) -> list[str]:
        where = {"output": output, "measure": measure, "slice": "__all__"}
        return [
            line("model_output_measured_total", count, **where),
            line("model_output_measure_total", total, **where),
        ]

    price = {"output": "price", "measure": "mae", "slice": "__all__"}
    tags = {"output": "tags", "measure": "jaccard", "slice": "__all__"}
    lines = [
        line("model_package_info", 1, digest="d"),
        line("model_slice_predictions_total", 1_000, slice="__all__"),
        *measured("price", "mae", 200, 400),
        *measured("price", "bias_over", 200, 100),
        *measured("tags", "jaccard", 200, 160),
        line("model_output_measure_squared_total", 1_000, **price),
        line("model_output_baseline", 1.5, **price),
        line("model_output_baseline_effective_rows", 800, **price),
        line("model_output_baseline_error_variance", 1, **price),
        line("model_output_baseline", 0.8, **tags),
        line("model_output_baseline_effective_rows", 900, **tags),
    ]
    with answering("\n".join(lines) + "\n") as urls:
        found = drift_report(scrape_replicas(urls, ANY), 1.0)
    verdicts = {(part.output, part.measure): part.verdict for part in found.slices}
    assert verdicts == {
        ("price", "bias_over"): "no baseline",
        ("price", "mae"): "worse",
        ("tags", "jaccard"): "ok",
    }
    assert found.drifting
    shown = [row.split() for row in as_text(found).splitlines() if row.startswith("price")]
    assert shown[1][:5] == ["price", "mae", "__all__", "1,000", "200"]
