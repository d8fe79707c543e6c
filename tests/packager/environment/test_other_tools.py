"""Dependencies in files of other tools, and the commands that export them."""

from __future__ import annotations

import pytest

from packager.environment.other_tools import export_hint, refuse_other_formats
from packager.errors import UsageError


@pytest.mark.parametrize(
    ("files", "command"),
    [
        (["Pipfile", "Pipfile.lock"], "pipenv requirements > own.txt"),
        (["pdm.lock", "pyproject.toml"], "pdm export --prod --without-hashes --output own.txt"),
        (["conda-lock.yml"], "pip list --format=freeze --exclude-editable > own.txt"),
        (["setup.py"], "write the line `-e .` into own.txt"),
    ],
)
def test_a_project_of_another_tool_gets_its_own_command(tmp_path, files, command):
    for name in files:
        (tmp_path / name).write_text("")
    assert command in str(export_hint(tmp_path, "own.txt"))
    (tmp_path / files[0]).rename(tmp_path / "else")
    if len(files) == 1:
        assert export_hint(tmp_path, "own.txt") is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Pipfile", ""),
        ("setup.py", ""),
        ("own.txt", "# x\n@EXPLICIT\nhttps://h/a"),
        ("list.txt", "# $ conda create --name <env> --file <this file>\nnumpy=1.26=0\n"),
    ],
)
def test_files_that_are_not_read_name_the_command_that_exports(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageError, match="got a file of another tool") as caught:
        refuse_other_formats(tmp_path / name, is_read=False)
    assert "requirements.txt" in caught.value.hint


def test_a_file_of_conda_with_another_name_is_told_its_name(tmp_path):
    (tmp_path / "own.txt").write_text("name: x\ndependencies:\n  - numpy\n")
    with pytest.raises(UsageError, match="got a file of conda") as caught:
        refuse_other_formats(tmp_path / "own.txt", is_read=False)
    assert caught.value.hint.startswith("name it environment.yml")


@pytest.mark.parametrize("name", ["pixi.toml", "pixi.lock"])
def test_a_project_of_pixi_is_told_to_export_what_is_read(tmp_path, name):
    (tmp_path / name).write_text("")
    with pytest.raises(UsageError, match="got a file of another tool") as caught:
        refuse_other_formats(tmp_path / name, is_read=False)
    assert "export conda-environment environment.yml`, and write [requirements]" in (
        caught.value.hint or ""
    )


@pytest.mark.parametrize("name", ["hatch.toml", "own-1.0-py3-none-any.whl", "packages.json"])
def test_a_format_that_is_no_list_of_requirements_is_named(tmp_path, name):
    (tmp_path / name).write_text("")
    with pytest.raises(UsageError, match="got one of another format") as caught:
        refuse_other_formats(tmp_path / name, is_read=False)
    assert caught.value.hint.startswith("name a requirements.txt, pyproject.toml")
