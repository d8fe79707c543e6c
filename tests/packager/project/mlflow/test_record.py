from __future__ import annotations

import pytest

from packager.project.mlflow.record import ModelOrigin

PLAIN = ModelOrigin(flavors=(), mlflow="3", columns={}, sha256="a" * 64, files=1, size=1)


@pytest.mark.parametrize(
    ("known", "called"),
    [
        ({}, "a folder that MLflow saved"),
        ({"run": "r1"}, "run r1"),
        ({"run": "r1", "model_id": "m-1"}, "m-1"),
        ({"run": "r1", "model_id": "m-1", "name": "churn", "version": "2"}, "churn version 2"),
    ],
)
def test_its_name_is_the_most_exact_that_is_known(known: dict[str, str], called: str) -> None:
    assert PLAIN.model_copy(update=known).called == called
