from __future__ import annotations

import pytest
from packaging.markers import Marker, default_environment
from packaging.specifiers import SpecifierSet
from requirement_formats import wanted


def test_every_variable_of_markers_has_a_value():
    assert wanted().environment.keys() == default_environment().keys()


@pytest.mark.parametrize(
    ("marker", "applies"),
    [
        ("sys_platform == 'linux'", True),
        ("python_version < '3.11'", False),
        ("extra == 'x'", False),
        ("platform_machine == 'x86_64' and implementation_name == 'cpython'", True),
    ],
)
def test_markers_are_those_of_the_target(marker: str, applies: bool):
    assert wanted("x").applies(Marker(marker)) is applies


@pytest.mark.parametrize(
    ("pythons", "supported"),
    [("", True), (">=3.11.4", True), ("==3.11.*", True), (">=3.12", False), ("<3.11", False)],
)
def test_one_patch_release_is_enough(pythons: str, supported: bool):
    assert wanted().supported_by(SpecifierSet(pythons)) is supported
