from __future__ import annotations

from serving.unsupported_version import unsupported_version


def test_a_package_that_is_not_installed_is_named() -> None:
    error = unsupported_version("no-such-package", "a part", "none")
    assert error.message == "no-such-package: expected a part, got no such package"
    assert "`no-such-package` into requirements.txt" in error.hint
