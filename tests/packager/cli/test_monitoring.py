"""``package deploy monitoring`` and ``drift``: refusals before anything is read."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    "option",
    [
        ("--latency", "0"),
        ("--latency-share", "1.5"),
        ("--success-share", "0"),
        ("--design-effect", "0.5"),
        ("--label-coverage", "-1"),
    ],
)
def test_an_objective_that_nothing_meets_is_refused_before_the_package_is_read(
    run, tmp_path, option
):
    code, _, err = run("deploy", "monitoring", "gone", "--output", tmp_path / "out", *option)
    assert code == 2
    assert option[0].strip("-").replace("-", "_") in err
    assert not (tmp_path / "out").exists()


def test_a_model_that_nobody_watches_can_not_be_removed(run, tmp_path):
    code, out, err = run("deploy", "remove", "shop", "--output", tmp_path / "out")
    assert code != 0
    assert out == ""
    assert "expected a model of this folder, got 'shop'" in err


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("http://127.0.0.1:9", "--prometheus", "http://127.0.0.1:9"),
        ("http://127.0.0.1:9", "--window", "1d"),
    ],
)
def test_drift_is_read_from_replicas_or_from_a_prometheus(run, words):
    code, out, err = run("drift", *words)
    assert (code, out) == (2, "")
    assert "prometheus" in err.lower()
