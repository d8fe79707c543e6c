"""The public module: its names, its types under mypy in a user's script, and its errors."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import packager

TOP = Path(packager.__file__).parent
SCRIPT = """
from collections.abc import Callable

import pandas as pd

import packager

frame = pd.DataFrame({"a": [1.0], "y": [0]})


def pack(model: object, train: Callable[[pd.DataFrame, pd.Series], object]) -> float:
    options = packager.BuildOptions(base="python:3.11", allow_findings=True)
    project = packager.prepare(
        train, "train.csv", target="y", name="churn", requirements={"pandas": None}
    )
    print(project.folder / project.files[0], project.requirements.query("note != ''"))
    with project.build("oci:DIR", options) as package:
        reveal_type(package.predict(frame))
        reveal_type(package.metrics)
        reveal_type(package.test(frame).passed)
        with package.serve() as client:
            reveal_type(client)
    try:
        packager.pack(model, frame, target="y", name="churn", output=3)
        packager.pack(model, frame, target="y", name="churn", table=3)
        packager.pack(model, frame, target="y", name="c", requirements=[], options=options)
    except packager.PackageError as error:
        print(error.message, error.hint)
    with packager.load("models/churn:1") as other:
        return other.score(frame, frame["y"])
"""


@pytest.mark.long
@pytest.mark.slow
def test_a_users_script_is_checked_by_mypy(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent"]
    done = subprocess.run(
        [*command, "--ignore-missing-imports", "script.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.splitlines()
    shown = [line.partition('"')[2].rstrip('"') for line in lines if "Revealed type" in line]
    assert shown[0].startswith("numpy.ndarray[")
    assert shown[1:] == [
        *("pandas.core.frame.DataFrame", "bool"),
        "packager.client.client.Client",
    ]
    errors = [line for line in lines if ": error:" in line]
    assert len(errors) == 2, errors
    assert 'Argument "output" to "pack" has incompatible type "int"; expected "str"' in errors[0]
    assert 'Argument "table" to "pack" has incompatible type "int"' in errors[1]


def test_the_stub_has_the_public_names_and_nothing_else() -> None:
    tree = ast.parse((TOP / "__init__.pyi").read_text())
    imported = [alias.asname for node in tree.body if isinstance(node, ast.ImportFrom)
                for alias in node.names]  # fmt: skip
    listed = next(node.value for node in tree.body if isinstance(node, ast.Assign))
    assert sorted(filter(None, imported)) == sorted(packager.__all__)
    assert ast.literal_eval(listed) == packager.__all__


def test_public_names_are_documented_where_they_are_defined() -> None:
    for name in packager.__all__:
        assert inspect.getdoc(getattr(packager, name)), name
    assert set(packager.__all__) <= set(dir(packager))
    assert not hasattr(packager, "nothing")


def test_only_the_command_line_prints_and_exits() -> None:
    """The interface raises errors; a printed message or an exit would be lost in a notebook."""
    for file in (*TOP.glob("api/*.py"), *TOP.glob("capture/*.py")):
        calls = {ast.unparse(node.func) for node in ast.walk(ast.parse(file.read_text()))
                 if isinstance(node, ast.Call)}  # fmt: skip
        assert not calls & {"print", "exit", "quit", "sys.exit", "os._exit"}, file


@pytest.mark.slow
def test_the_import_takes_little_time_of_the_processor() -> None:
    program = "import time; import packager; print(time.process_time())"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert float(done.stdout) < 0.3  # seconds of the processor, the interpreter's start included
