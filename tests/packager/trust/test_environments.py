"""The dependencies in an image are the wheels of its lock, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from trust_samples import ABSENT, SITE, environment

from packager.trust.contents import read_contents
from packager.trust.environments import environment_of, recorded


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
        assert [check.name for check in wrong] == [
            f"environment: lib/python3.11/site-packages/{path}"
        ]
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


def test_a_record_names_files_where_installing_puts_them() -> None:
    text = "a.py,sha256=AA,1\nshop-1.0.data/purelib/b.py,,\nshop-1.0.data/scripts/c,sha256=AA,1\n"
    assert recorded(text, "site") == {"site/a.py": "00", "site/b.py": None, "bin/c": None}
