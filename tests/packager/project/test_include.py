"""Files that are always included, whatever the exclusion rules."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from credential_samples import KEY, sorted_code
from host_samples import FILES

from packager.errors import UsageError


def test_what_include_names_is_in_whatever_would_leave_it_out(tmp_path: Path):
    toml = FILES["package.toml"] + '[image]\ninclude = ["tests/dummy.pem", "gen", "*.conf"]\n'
    changes = {
        "package.toml": toml,
        "tests/dummy.pem": KEY,
        "gen/a/b.py": "",
        "own.conf": "https://me:s3cr3t@host/simple",
        "other.log": "",
        ".gitignore": "gen\n*.log\n*.conf\n",
    }
    found = sorted_code(tmp_path, changes)
    assert [*found.files] == [
        "gen/a/b.py", "own.conf", "package.toml", "requirements.txt", "tests/dummy.pem", "train.py",
    ]  # fmt: skip
    assert found.secrets == ()
    assert "gen" not in found.left_out or found.left_out["gen"].startswith(".gitignore")


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("nothing/*.py", "expected files at 'nothing/*.py', got none"),
        ("../up.py", "expected a path within the project, got '../up.py'"),
        ("/etc/passwd", "expected a path within the project, got '/etc/passwd'"),
    ],
)
def test_include_has_to_name_something_within_the_project(tmp_path: Path, pattern, message):
    toml = FILES["package.toml"] + f'[image]\ninclude = ["{pattern}"]\n'
    with pytest.raises(UsageError, match=re.escape(message)):
        sorted_code(tmp_path, {"package.toml": toml})
