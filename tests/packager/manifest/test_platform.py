from __future__ import annotations

from packager.manifest.platform import platform_of


def test_a_platform_is_named_as_in_a_config_or_descriptor() -> None:
    described = {"os": "linux", "architecture": "arm64", "variant": "v8"}
    assert platform_of(described) == "linux/arm64"
    assert platform_of({}) == "None/None"
