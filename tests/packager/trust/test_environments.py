"""The dependencies in an image are the wheels of its lock, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from trust_samples import ABSENT, SITE, TOP, environment

from packager.trust.contents import read_contents
from packager.trust.environments import environment_of


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (None, None),
        ("sitecustomize.py", "expected no such file in any locked wheel"),
        ("more.pth", "expected no such file in any locked wheel"),
        ("__pycache__/usercustomize.cpython-311.pyc", "expected no such file in any locked wheel"),
        ("shop.py", "expected "),
        ("other-2.0.dist-info/METADATA", "expected no such file in any locked wheel"),
    ],
)
def test_dependencies_hold_the_files_of_the_locked_wheels_and_no_others(
    tmp_path: Path, path: str | None, said: str | None
) -> None:
    more = {} if path is None else {f"{SITE}/{path}": b"import os\n"}
    lock, layer = environment(tmp_path, more)
    found = environment_of(read_contents([layer], lock), lock)
    wrong = [check for check in found.checks if not check.ok]
    assert found.unverified == (ABSENT.filename,)
    if path is None:
        assert wrong == []
    else:
        assert [check.name for check in wrong] == [f"environment: {SITE}/{path}"]
        assert said is not None
        assert f"expected {wrong[0].expected}".startswith(said)


def test_a_locked_wheel_that_is_not_installed_is_missing(tmp_path: Path) -> None:
    lock, layer = environment(tmp_path, {})
    more = ABSENT.model_copy(update={"filename": "other-1.0-py3-none-any.whl"})
    lock = lock.model_copy(update={"wheels": (ABSENT, more)})
    found = environment_of(read_contents([layer], lock), lock)
    assert [check.name for check in found.checks if not check.ok] == [
        "wheel other-1.0-py3-none-any.whl"
    ]


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("opt/venv/lib/python3.11/site-packages/environment.pth", b"/code\n"),
        ("opt/venv/lib/python3.11/site-packages/more.pth", b"/code\n"),
        ("opt/venv/lib/python3.11/site-packages/sitecustomize.py", b"import os\n"),
        ("opt/venv/pyvenv.cfg", b"home = /code\n"),
        ("opt/venv/bin/tool", b"#!/bin/sh\n"),
        ("opt/venv/bin/python3", b"#!/bin/sh\n"),
    ],
)
def test_an_environment_is_what_its_wheels_make_it(
    tmp_path: Path, path: str, content: bytes
) -> None:
    lock, layer = environment(tmp_path, {path: content})
    found = environment_of(read_contents([layer], lock), lock)
    assert f"environment: {path}" in [check.name for check in found.checks]


def test_a_script_is_the_wheels_with_the_environments_interpreter(tmp_path: Path) -> None:
    script = {f"{TOP}/bin/shop": b"#!/opt/venv/bin/python\nprint(1)\n"}
    lock, layer = environment(tmp_path, script, record="../../../bin/shop,,\n")
    assert environment_of(read_contents([layer], lock), lock).checks == ()
    other = {"opt/venv/bin/shop": b"#!/opt/venv/bin/python\nprint(2)\n"}
    lock, layer = environment(tmp_path, script | other, record="../../../bin/shop,,\n")
    found = environment_of(read_contents([layer], lock), lock).checks
    assert [check.name for check in found] == ["environment: opt/venv/bin/shop"]
    assert found[0].expected.startswith("a script of /opt/venv/bin/python: ")


@pytest.mark.parametrize("link", ["/code/python", "/opt/wheels/x/bin/python", "python3.11"])
def test_the_interpreter_is_the_bases(tmp_path: Path, link: str) -> None:
    lock, layer = environment(tmp_path, {}, interpreter=link)
    names = [check.name for check in environment_of(read_contents([layer], lock), lock).checks]
    assert names == ["environment: opt/venv/bin/python"]


def test_a_folder_that_no_environment_lists_is_reported(tmp_path: Path) -> None:
    lock, layer = environment(tmp_path, {f"opt/wheels/{'1' * 16}/lib/a.so": b""})
    found = environment_of(read_contents([layer], lock), lock)
    assert [check.name for check in found.checks] == [
        f"environment: opt/wheels/{'1' * 16}/lib/a.so",
        f"environment: opt/wheels/{'1' * 16}",
    ]


def test_a_locked_wheel_in_a_folder_of_another_name_is_reported(tmp_path: Path) -> None:
    lock, layer = environment(tmp_path, {})
    wheel = ABSENT.model_copy(update={"sha256": "2" * 64})
    found = environment_of(
        read_contents([layer], lock), lock.model_copy(update={"wheels": (wheel,)})
    )
    names = [check.name for check in found.checks]
    assert f"environment: {TOP}" in names


def test_an_environment_of_no_member_is_named(tmp_path: Path) -> None:
    lock, layer = environment(tmp_path, {"opt/members/other/pyvenv.cfg": b""})
    found = environment_of(read_contents([layer], lock), lock)
    assert [check.name for check in found.checks] == ["environment: opt/members/other"]


def test_the_environment_of_a_member_has_the_wheels_of_the_lock(tmp_path: Path) -> None:
    place = "opt/members/text/lib/python3.11/site-packages"
    lock, layer = environment(tmp_path, {f"{place}/sitecustomize.py": b"import os\n"})
    lock = lock.model_copy(update={"members": {"text": (ABSENT.sha256,)}})
    named = [check.name for check in environment_of(read_contents([layer], lock), lock).checks]
    assert f"wheel {ABSENT.filename}" in named
    assert f"environment: {place}/environment.pth" in named
    assert f"environment: {place}/sitecustomize.py" in named
