"""One server's metrics as tables; figures are those of ``package drift``."""

from __future__ import annotations

import math
import re

import pytest
from metrics_servers import answering, exposition, line

from packager.errors import PackageError
from packager.report.dashboard.address import PageAddress
from packager.report.dashboard.scraped_source import scraped, scraped_model
from packager.report.dashboard.scraped_tables import quantile
from packager.report.dashboard.site import ScrapedSite

COUNTS = {"low": 100, "middle": 300, "high": 600}
MORE = "\n".join(
    [
        line("model_request_duration_seconds_count", 10, route="/predict", code="2xx"),
        line("model_request_duration_seconds_bucket", 5, route="/predict", code="2xx", le="0.01"),
        line("model_request_duration_seconds_bucket", 10, route="/predict", code="2xx", le="+Inf"),
        line("model_predictions_total", 700, predicted="<b>yes</b>"),
        line("model_predictions_total", 300, predicted="no"),
    ]
)


def test_a_page_of_one_server_has_its_totals() -> None:
    with answering(exposition(COUNTS) + MORE + "\n") as (url,):
        model = scraped_model(scraped(url, None))
        assert (model.name, model.version, model.task) == ("m", "1-a", "classification")
        assert model.features == ("f",)
        text = ScrapedSite(model, lambda: scraped(url, None)).served(PageAddress()).html
    titles = re.findall(r"<h3[^>]*>(.*?)</h3>", text)
    assert titles[:2] == ["Requests and errors", "Latency"]
    assert "Drift" in titles
    assert "Accuracy by slice" in titles
    assert not any("last" in title for title in titles)
    assert ">10 ms<" in text  # p50 of requests
    assert "70 %" in text
    assert "&lt;b&gt;yes&lt;/b&gt;" in text
    assert "<b>yes" not in text
    assert "80 %" in text  # accuracy
    assert "Panels that need a Prometheus" in text
    assert "Burn rate" in text


def test_a_server_that_went_away_is_a_page_that_says_so() -> None:
    with answering(exposition(COUNTS)) as (url,):
        model = scraped_model(scraped(url, None))
    site = ScrapedSite(model, lambda: scraped(url, None))
    status, text = site.served(PageAddress())
    assert status == 503
    assert 'class="lead bad"' in text
    with pytest.raises(PackageError):
        site.file(PageAddress())


def test_a_regression_and_outputs_are_recognised() -> None:
    plain = exposition(COUNTS)
    errors = line("model_slice_baseline_mae", 0.5, slice="__all__")
    output = line("model_output_baseline", 0.5, slice="__all__", output="a", measure="mae")
    with answering(f"{plain}{errors}\n", f"{plain}{output}\n") as (one, other):
        assert scraped_model(scraped(one, None)).task == "regression"
        found = scraped_model(scraped(other, None))
    assert (found.task, found.outputs) == ("outputs", (("a", "mae"),))


def test_quantiles_are_interpolated_as_prometheus_does() -> None:
    buckets = {0.1: 10.0, 0.5: 30.0, 1.0: 40.0, math.inf: 40.0}
    assert quantile(0.5, buckets) == pytest.approx(0.3)
    assert quantile(0.25, buckets) == pytest.approx(0.1)
    assert quantile(0.99, {0.1: 1.0, math.inf: 100.0}) == 0.1
    assert math.isnan(quantile(0.5, {}))
    assert math.isnan(quantile(0.5, {1.0: 0.0, math.inf: 0.0}))
