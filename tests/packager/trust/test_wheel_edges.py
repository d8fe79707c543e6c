"""Requirements of installed wheels on each other."""

from __future__ import annotations

import pytest

from packager.trust.wheel_edges import marker_environment, requirement_edges

MARKERS = marker_environment("3.11", "linux/arm64")


def of(*requires: str) -> str:
    return "".join(f"Requires-Dist: {line}\n" for line in requires)


def test_a_requirement_that_is_installed_is_an_edge():
    metadata = {"a": of("B_x >= 1", "absent"), "b-x": of(), "c": of("a")}
    assert requirement_edges(metadata, MARKERS) == {"a": {"b-x"}, "b-x": set(), "c": {"a"}}


@pytest.mark.parametrize(
    ("line", "holds"),
    [
        ("b; python_version >= '3.11'", True),
        ("b; python_version < '3.11'", False),
        ("b; sys_platform == 'win32'", False),
        ("b; platform_machine == 'aarch64'", True),
        ("b; extra == 'fast'", False),
        ("b (>=1) nonsense", False),
        ("b; os_name ~= 'x'", False),
    ],
)
def test_markers_are_those_of_the_image(line: str, holds: bool):
    assert requirement_edges({"a": of(line), "b": ""}, MARKERS)["a"] == ({"b"} if holds else set())


def test_extras_that_another_wheel_asks_for_are_followed():
    metadata = {"a": of("b[fast]"), "b": of("c; extra == 'fast'", "b[all]"), "c": of("b[all]")}
    edges = requirement_edges(metadata, MARKERS)
    assert edges == {"a": {"b"}, "b": {"c"}, "c": {"b"}}
