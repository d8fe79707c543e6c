"""The files of a folder of wheels are those of its wheels."""

from __future__ import annotations

from packager.image.trees import TreeFile
from packager.trust.wheel_files import _differences, recorded


def test_a_record_names_files_where_installing_puts_them() -> None:
    text = "a.py,sha256=AA,1\nshop-1.0.data/purelib/b.py,,\nshop-1.0.data/scripts/c,sha256=AA,1\n"
    assert recorded(text, "site") == {"site/a.py": "00", "site/b.py": None, "bin/c": None}


def test_files_that_images_leave_out_may_be_absent_and_no_others() -> None:
    named = dict.fromkeys(["a.py", "a.pyi", "fast.pyx", "a/tests/b.py", "fast.pxd"], "aa")
    found = _differences("opt/wheels/1", {"a.py": TreeFile("aa")}, named)
    assert [(check.name, check.actual) for check in found] == [
        ("environment: opt/wheels/1/fast.pxd", "missing")
    ]
    (other,) = _differences("opt/wheels/1", {"a.pyi": TreeFile("bb")}, {"a.pyi": "aa"})
    assert (other.expected, other.actual) == ("aa", "bb")


def test_bytecode_that_a_wheel_holds_is_replaced_by_that_of_the_build() -> None:
    """numpy 1.26 holds ``conv_template.cpython-311.pyc``, which a build compiles again."""
    inside = "numpy/__pycache__/conv_template.cpython-311.pyc"
    tree = {"numpy/conv_template.py": TreeFile("aa"), inside: TreeFile("bb")}
    named = {"numpy/conv_template.py": "aa", inside: "cc"}
    assert _differences("opt/wheels/1", tree, named) == []
    alone = _differences("opt/wheels/1", {inside: TreeFile("bb")}, {inside: "cc"})
    assert [(check.expected, check.actual) for check in alone] == [("cc", "bb")]
    linked = {**tree, inside: TreeFile(link="/etc/passwd")}
    assert len(_differences("opt/wheels/1", linked, named)) == 1
    assert len(_differences("opt/wheels/1", linked, {"numpy/conv_template.py": "aa"})) == 1
