"""Errors hold what is wrong and how to fix it."""

from __future__ import annotations

import packager.errors
from modelhost.errors import PackageError, UsageError


def test_errors_of_the_host_are_those_of_the_product() -> None:
    assert packager.errors.PackageError is PackageError
    error = UsageError("expected a, got b", "give a")
    assert (error.message, error.hint, error.exit_code) == ("expected a, got b", "give a", 2)
    assert PackageError("x").exit_code == 1
