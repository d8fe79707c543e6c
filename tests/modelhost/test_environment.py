"""Everything that can change the last bits of a result is recorded."""

from __future__ import annotations

import pytest

from modelhost.environment import numerical_environment, process_environment
from modelhost.errors import UsageError
from modelhost.sandbox.network import ISOLATION


def test_the_environment_names_what_can_change_the_last_bits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import sklearn.linear_model  # noqa: F401

    monkeypatch.setenv(ISOLATION, "container")
    found = numerical_environment()
    assert found["isolation"] == "container"
    assert any("openblas" in pool for pool in found["blas"])
    assert found["blas"] == sorted(found["blas"])
    assert found["threads"] >= 1
    assert found["cpu"]
    assert found == numerical_environment()


def test_another_isolation_than_the_two_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ISOLATION, "jail")
    with pytest.raises(UsageError, match="expected 'container' or 'process', got 'jail'"):
        numerical_environment()


def test_a_process_tells_the_libraries_that_it_has_imported() -> None:
    found = process_environment()
    assert found["environment"] == numerical_environment()
    assert "numpy" in found["libraries"]
