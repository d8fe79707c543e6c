"""The code of a step: its digest changes with any part of it, and with nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from packager.errors import UsageError
from packager.tables.step_code import command_digest, function_digest


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A step that uses one helper, beside a module that nothing uses."""
    (tmp_path / "steps.py").write_text("import helper\n")
    (tmp_path / "helper.py").write_text("X = 1\n")
    (tmp_path / "other.py").write_text("Y = 1\n")
    return tmp_path


def test_a_helper_counts_and_an_unused_module_does_not(code):
    first = function_digest("steps:clean", code)
    (code / "other.py").write_text("Y = 2\n")
    assert function_digest("steps:clean", code) == first
    (code / "helper.py").write_text("X = 2\n")
    assert function_digest("steps:clean", code) != first


def test_two_functions_of_one_module_are_two_steps(code):
    assert function_digest("steps:clean", code) != function_digest("steps:join", code)


def test_the_folder_of_the_project_does_not_count(code, tmp_path_factory):
    moved = tmp_path_factory.mktemp("moved")
    for file in code.iterdir():
        (moved / file.name).write_bytes(file.read_bytes())
    assert function_digest("steps:clean", moved) == function_digest("steps:clean", code)


def test_a_module_that_is_not_there_is_named(code):
    with pytest.raises(UsageError, match="step absent:f: expected module `absent`"):
        function_digest("absent:f", code)


def test_a_command_is_its_words_and_the_files_that_they_name(code):
    first = command_digest("python steps.py --least 3", code)
    assert command_digest("python steps.py --least 4", code) != first
    (code / "other.py").write_text("Y = 2\n")
    assert command_digest("python steps.py --least 3", code) == first
    (code / "helper.py").write_text("X = 2\n")
    assert command_digest("python steps.py --least 3", code) != first
