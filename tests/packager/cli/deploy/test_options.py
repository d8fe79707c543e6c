"""``package deploy monitoring``: refusals before anything is read."""

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
        ("--time-scale", "0"),
    ],
)
def test_an_objective_that_nothing_meets_is_refused_before_the_package_is_read(
    run, tmp_path, option
):
    code, _, err = run("deploy", "compose", "gone", "--output", tmp_path / "out", *option)
    assert code == 2
    assert err.startswith(f"error: {option[0]}: expected ")
    assert not (tmp_path / "out").exists()


def test_a_model_that_nobody_watches_can_not_be_removed(run, tmp_path):
    code, out, err = run("deploy", "remove", "shop", "--output", tmp_path / "out")
    assert code != 0
    assert out == ""
    assert "expected a model of this folder, got 'shop'" in err
