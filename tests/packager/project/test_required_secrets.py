"""Credentials in files that a package needs stop a build; excluded files are reported."""

from __future__ import annotations

from pathlib import Path

import pytest
from credential_samples import KEY, TOKEN, sorted_code
from host_samples import TOML

from packager.errors import PackageError, UsageError
from packager.project.required_secrets import explain_left_out

HELD = f'TEXT = """\n{KEY}"""\nTOKEN = "{TOKEN}"\n'


NONE = "train raised FileNotFoundError: [Errno 2] No such file or directory:"


NO_MODULE = "importing train raised ModuleNotFoundError: No module named"


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"train.py": HELD}, "train.py"),
        ({"train.py": "import own.client\n", "own/client.py": HELD}, "own/client.py"),
        ({"train.py": "from own import x\n", "own/__init__.py": HELD}, "own/__init__.py"),
        (
            {"train.py": "from src import a\n", "src/a.py": "from . import b\n", "src/b.py": HELD},
            "src/b.py",
        ),
        ({"package.toml": f"{TOML}params = {{ k = '{TOKEN}' }}\n"}, "package.toml"),
    ],
)
def test_a_credential_in_a_file_that_the_package_needs_stops_the_build(tmp_path, changes, name):
    with pytest.raises(UsageError, match="the package needs this file") as caught:
        sorted_code(tmp_path, changes)
    assert caught.value.message.startswith(f"{name}: line ")
    assert "[image] include" in caught.value.hint


def test_a_credential_that_the_code_reads_stops_the_build(tmp_path: Path):
    changes = {"train.py": "open('conf/api.key').read()\n", "conf/api.key": "x"}
    with pytest.raises(UsageError, match=r"conf/api\.key: its name .* and train\.py reads it"):
        sorted_code(tmp_path, changes)


@pytest.mark.parametrize(
    ("message", "name"),
    [
        (f"{NONE} 'c/own.yaml'", "c/own.yaml"),
        (f"{NONE} '/code/c/own.yaml'", "c/own.yaml"),
        (f"{NO_MODULE} 'gen'", "gen"),
        (f"{NO_MODULE} 'gen.schema'", "gen"),
        (f"{NO_MODULE} 'pkg._version'", "src/pkg/_version.py"),
        ("No such file or directory: 'gen/x.json'", "gen"),
    ],
)
def test_an_error_about_what_was_left_out_says_so(message, name):
    left_out = {
        "c/own.yaml": ".gitignore has `*.yaml`",
        "gen": ".gitignore has `gen/`",
        "src/pkg/_version.py": ".gitignore has `_version.py`",
    }
    with pytest.raises(PackageError) as caught, explain_left_out(left_out):
        raise PackageError(message, "the old hint")
    assert caught.value.message == message
    assert caught.value.hint.startswith(f"{name} is in the project and not in the image: ")
    assert "[image] include" in caught.value.hint


@pytest.mark.parametrize(
    "message",
    [
        "No such file or directory: 'another.yaml'",
        "own.yaml: line 3 is odd",
        "/usr/gen/x: not found",
    ],
)
def test_other_errors_keep_their_hint(message):
    with pytest.raises(PackageError) as caught, explain_left_out({"c/own.yaml": "x", "gen": "y"}):
        raise PackageError(message, "the old hint")
    assert caught.value.hint == "the old hint"
