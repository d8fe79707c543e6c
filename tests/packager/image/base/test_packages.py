"""System packages: the libraries they provide and need."""

from __future__ import annotations

from packager.image.base.packages import Deb, _deb, dependency_closure, versions


def deb(name: str, *depends: str, provides: tuple[str, ...] = ()) -> Deb:
    return Deb(name, "1.0", frozenset(depends), frozenset(provides), ())


def test_packages_are_reached_by_name_by_alternative_and_by_what_they_provide():
    found = [deb("a", "b", "virtual"), deb("b"), deb("c", provides=("virtual",)), deb("d", "a")]
    assert dependency_closure({one.name: one for one in found}, ["a"]) == {"a", "b", "c"}


def test_versions_are_sorted():
    assert versions([deb("b"), deb("a")]) == ("a=1.0", "b=1.0")


def test_a_folded_description_hides_no_field():
    control = "Package: a\nVersion: 1\nDepends: bb (>= 2) | cc\nDescription: words\n Version: 9\n"
    found = _deb(control, "./usr/\n./usr/a\n")
    assert (found.name, found.version, found.depends) == ("a", "1", {"bb", "cc"})
    assert found.control == control
    assert found.files == ("usr/a",)
