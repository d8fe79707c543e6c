"""``package drift`` on what replicas expose: sums, verdicts, and everything that isn't metrics."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from typer.testing import CliRunner

from monitoring.stats import drift
from packager.cli.app import app
from packager.client.exposition import read_samples
from packager.errors import PackageError, UsageError
from packager.monitor.counters import (
    ModelSelector,
    metrics_address,
    query_prometheus,
    scrape_replicas,
)
from packager.monitor.drift import drift_report
from packager.report.drift import as_text

ANY = ModelSelector(None, None)
REFERENCE = {"low": 500, "middle": 300, "high": 200}
BASE = {"model": "m", "version": "1-a"}


def line(name: str, value: float, **labels: str) -> str:
    inner = ",".join(f'{key}="{text}"' for key, text in {**BASE, **labels}.items())
    return f"{name}{{{inner}}} {value}"


def exposition(counts: dict[str, int], right: int = 80, wrong: int = 20, **more: str) -> str:
    lines = [line("model_package_info", 1, digest="d", **more)]
    for name, rows in REFERENCE.items():
        lines.append(line("model_feature_reference_rows", rows, feature="f", bin=name, **more))
    for name, rows in counts.items():
        lines.append(line("model_feature_observations_total", rows, feature="f", bin=name, **more))
    rows = sum(counts.values())
    lines += [
        line("model_slice_predictions_total", rows, slice="__all__", **more),
        line("model_feature_anomalies_total", rows / 10, feature="f", kind="missing", **more),
        line("model_feedback_total", right, slice="__all__", outcome="correct", **more),
        line("model_feedback_total", wrong, slice="__all__", outcome="incorrect", **more),
        line("model_slice_baseline_accuracy_ratio", 0.8, slice="__all__", **more),
        line("model_slice_baseline_rows", 1_000, slice="__all__", **more),
    ]
    return "\n".join(["# HELP x y", "# TYPE x counter", *lines]) + "\n"


@contextmanager
def answering(*texts: str, status: int = 200) -> Iterator[list[str]]:
    """Addresses that answer with these texts."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(texts[int(self.path.strip("/").split("/")[0])].encode())

        def log_message(self, *arguments: Any) -> None:
            """Nothing: tests are quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield [f"http://127.0.0.1:{server.server_port}/{i}" for i in range(len(texts))]
        finally:
            server.shutdown()
            thread.join()


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
        line("model_slice_baseline_rows", 800, slice="__all__"),
    ]
    with answering("\n".join(lines)) as urls:
        found = drift_report(scrape_replicas(urls, ANY), 1.0)
    (part,) = found.slices
    assert (part.score, part.labels, part.regressed) == (2.0, 240, True)
    assert "mean error" in as_text(found)


def test_mixed_versions_are_refused_until_one_is_chosen() -> None:
    new = exposition({"low": 1, "middle": 1, "high": 1}, version="2-b")
    with answering(exposition({"low": 5, "middle": 3, "high": 2}), new) as urls:
        with pytest.raises(PackageError, match="expected one model version, got m 1-a, m 2-b") as e:
            scrape_replicas(urls, ANY)
        assert "--version" in e.value.hint
        assert scrape_replicas(urls, ModelSelector(None, "2-b")).version == "2-b"
        with pytest.raises(PackageError, match="expected one model version 3, got m 1-a, m 2-b"):
            scrape_replicas(urls, ModelSelector(None, "3"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<html>", "/metrics: expected metrics, got another content .'invalid metric name:<html>'"),
        ("up 1\n", "expected metrics of a package, got others .1 series"),
        ("", "expected metrics of a package, got others .0 series"),
        ('a{b="c"d} 1', "Invalid labels: b="),
        ("a x", "could not convert string to float: .*x"),
    ],
)
def test_what_isnt_metrics_of_a_package_is_said(text: str, message: str) -> None:
    with answering(text) as urls, pytest.raises(PackageError, match=message):
        scrape_replicas(urls, ANY)


def test_statuses_and_addresses_that_fail_are_said() -> None:
    with answering("down", status=503) as urls:
        with pytest.raises(PackageError, match="expected status 200, got 503: 'down'"):
            scrape_replicas(urls, ANY)
        with pytest.raises(UsageError, match="expected every replica once, got it twice"):
            scrape_replicas([*urls, *urls], ANY)
    with pytest.raises(PackageError, match="no answer: ConnectionError"):
        scrape_replicas(["http://127.0.0.1:1/metrics"], ANY)
    for wrong in ("localhost:3000", "metrics", "http://"):
        with pytest.raises(UsageError, match=f"^{wrong}: expected an address like http"):
            scrape_replicas([wrong], ANY)


@pytest.mark.parametrize(
    "given", ["http://a:3000", "http://a:3000/", "http://a:3000/metrics", "http://a:3000/metrics/"]
)
def test_metrics_are_found_at_the_address_of_a_server(given: str) -> None:
    assert metrics_address(given) == "http://a:3000/metrics"
    assert metrics_address("https://a/models/one?x=1") == "https://a/models/one/metrics?x=1"


def test_the_same_replica_under_two_addresses_is_named_twice() -> None:
    with pytest.raises(UsageError, match="expected every replica once"):
        scrape_replicas(["http://127.0.0.1:1", "http://127.0.0.1:1/metrics"], ANY)


def test_a_prometheus_that_is_none_is_said() -> None:
    with (
        answering("{}") as urls,
        pytest.raises(PackageError, match="expected Prometheus' answer to a query"),
    ):
        query_prometheus(urls[0], "1d", ANY)
    with pytest.raises(UsageError, match="--window: expected a number and one of s, m, h, d, w"):
        query_prometheus("http://127.0.0.1:1", "1 day", ANY)


def test_the_command_says_its_verdict_and_fails_only_where_asked_to() -> None:
    run = CliRunner().invoke
    with answering(exposition({"low": 100, "middle": 200, "high": 700})) as (url,):
        plain = run(app, ["drift", url])
        assert plain.exit_code == 0
        assert plain.stdout.strip().endswith("verdict: drift")
        assert run(app, ["drift", url, "--fail-on-drift"]).exit_code == 1
        assert json.loads(run(app, ["drift", url, "--json"]).stdout)["drifting"] is True
    with answering(exposition({"low": 50, "middle": 30, "high": 20})) as (url,):
        assert run(app, ["drift", url, "--design-effect", "10"]).exit_code == 0
    nothing = exposition({"low": 0, "middle": 0, "high": 0}, 0, 0)
    with answering(nothing) as (url,):
        assert run(app, ["drift", url]).exit_code == 0
        assert run(app, ["drift", url, "--fail-on-drift"]).exit_code == 1


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
        shown = CliRunner().invoke(app, ["drift", url, "--fail-on-drift"])
        found = json.loads(CliRunner().invoke(app, ["drift", url, "--json"]).stdout)
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
    assert "when          a time: what comes later is always new" in shown
    assert "7 others      package inspect says why" in shown
    rows = [x.split() for x in shown.splitlines() if x.startswith("f ")]
    assert rows[1][:6] == ["f", "missing", "100", "0.1000", "0", "training"]
    assert rows[2][:6] == ["f", "above_range", "3", "0.003000", "0.2500", "held-out"]
    assert "in training" not in shown
    document = found.as_json()
    assert document["drift_excluded"][1] == {
        "name": "when",
        "features": 1,
        "reason": "a time: what comes later is always new",
    }
    assert [odd["verdict"] for odd in document["anomalies"]] == ["more", "ok"]


def test_a_package_without_a_profile_has_nothing_to_compare() -> None:
    lines = [
        line("model_package_info", 1, digest="d"),
        line("model_slice_predictions_total", 5_000, slice="__all__"),
    ]
    with answering("\n".join(lines)) as (url,):
        shown = CliRunner().invoke(app, ["drift", url, "--fail-on-drift"])
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
    found = CliRunner().invoke(app, ["drift", *arguments])
    assert isinstance(found.exception, UsageError)
    assert message in found.exception.message


@given(st.text(max_size=20), st.floats(allow_nan=False))
def test_any_label_value_of_the_client_library_is_read_back(text: str, value: float) -> None:
    registry = CollectorRegistry()
    clean = text.encode("utf-8", "replace").decode()
    Gauge("g", "text", ["a", "b"], registry=registry).labels(clean, "x,y}").set(value)
    (found,) = read_samples(generate_latest(registry).decode(), "")
    assert (found.name, found.labels, found.value) == ("g", {"a": clean, "b": "x,y}"}, value)
