from __future__ import annotations

import pytest
from requirement_formats import wanted

from packager.environment.formats.pins import LockedFile, LockedPackage, check_satisfied, line_of
from packager.errors import UsageError

WHEEL = LockedFile("a-1-py3-none-any.whl", "00")


@pytest.mark.parametrize(
    ("pin", "line"),
    [
        (LockedPackage("A_b", "1.0"), "a-b==1.0"),
        (LockedPackage("a", "1", (WHEEL,)), "a==1 --hash=sha256:00"),
        (LockedPackage("a", "1", (WHEEL, LockedFile("a-1-cp39-cp39-win32.whl", "01"))),
         "a==1 --hash=sha256:00"),
        (LockedPackage("a", "1", (WHEEL, LockedFile("a-1.tar.gz", None))), "a==1"),
        (LockedPackage("a", "1+cpu"), "a==1+cpu"),
        (LockedPackage("a", "0", (), "git+https://h/r@c"), "a @ git+https://h/r@c"),
        (LockedPackage("a", "0", (WHEEL,), "./libs/a.whl"), "./libs/a.whl --hash=sha256:00"),
    ],
)  # fmt: skip
def test_a_pin_is_one_line(pin: LockedPackage, line: str):
    assert line_of(pin, wanted(), "uv.lock") == line


def test_a_version_that_is_none_is_named():
    with pytest.raises(UsageError, match=r"uv\.lock: expected a version of a, got 'x y'"):
        line_of(LockedPackage("a", "x y"), wanted(), "uv.lock")


def test_a_name_that_is_none_is_named():
    with pytest.raises(UsageError, match="expected the name of a package, got 'x y'"):
        line_of(LockedPackage("x y", "1"), wanted(), "uv.lock")


def test_requirements_that_do_not_apply_are_not_compared():
    lines = ["-e .", "./a", "b; sys_platform == 'win32'", "c>=1", "d @ https://h/d.whl"]
    with pytest.raises(UsageError, match=r"expected c>=1 as pyproject\.toml has it, got 1\.0rc1"):
        check_satisfied(
            lines, [LockedPackage("c", "1.0rc1"), LockedPackage("d", "1")], wanted(), "uv.lock"
        )
    check_satisfied(
        lines, [LockedPackage("c", "1.1"), LockedPackage("d", "1")], wanted(), "uv.lock"
    )
