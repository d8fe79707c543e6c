"""Drift on the page of a test on new data."""

from __future__ import annotations

import re

import tested_packages as made

from packager.report.data_test_drift import MAX_BINS, MAX_FEATURES, drift_plots


def test_the_features_that_moved_most_show_their_bins() -> None:
    checks = [made.drifted(f"f{place}", difference=place / 100) for place in range(8)]
    text = drift_plots(made.family("drift", checks))
    cards = re.findall(r"<article[^>]*><h3>(\w+)", text)
    assert cards == ["f7", "f6", "f5", "f4", "f3"]
    assert len(cards) == MAX_FEATURES
    assert text.count('class="forest-row') == 8


def test_bars_are_shares_of_the_packaged_and_of_the_new_rows() -> None:
    text = drift_plots(made.family("drift", [made.drifted("age", (10, 20, 30))]))
    assert "<title>age: 50.0 % of the packaged rows, 16.7 % of the new rows</title>" in text
    assert re.findall(r'class="before"[^>]*width="([\d.]+)%"', text) == ["100.00", "66.67", "33.33"]
    assert re.findall(r'class="after"[^>]*width="([\d.]+)%"', text) == ["33.33", "66.67", "100.00"]
    assert text.count("Table: bins of these features") == 1


def test_a_feature_without_new_rows_or_with_many_bins_is_drawn() -> None:
    bins = [f"b{place}" for place in range(MAX_BINS + 5)]
    details = {"bins": bins, "reference": [1] * len(bins), "counts": [0] * len(bins)}
    text = drift_plots(made.family("drift", [made.drifted("age", details=details)]))
    assert text.count('class="bin"') == MAX_BINS
    assert "5 more bins are in the table." in text


def test_a_check_without_bins_has_no_card() -> None:
    text = drift_plots(made.family("drift", [made.drifted("age", details={})]))
    assert "<article" not in text
    assert 'class="forest-row' in text
