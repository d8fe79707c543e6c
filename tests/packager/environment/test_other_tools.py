"""Dependencies in files of other tools, and the commands that export them."""

from __future__ import annotations

import pytest

from packager.environment.other_tools import export_hint, refuse_other_formats
from packager.errors import UsageError


@pytest.mark.parametrize(
    ("files", "command"),
    [
        (["poetry.lock", "pyproject.toml"], "poetry export --without-hashes --output own.txt"),
        (["Pipfile", "Pipfile.lock"], "pipenv requirements > own.txt"),
        (["environment.yml"], "pip list --format=freeze --exclude-editable > own.txt"),
        (["uv.lock", "pyproject.toml"], "uv export --no-hashes --no-dev --no-emit-project"),
        (["pyproject.toml"], "uv pip compile pyproject.toml --output-file own.txt"),
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
    [("environment.yml", ""), ("own.txt", "name: x\ndependencies:\n  - numpy\n"), ("Pipfile", "")],
)
def test_files_of_other_tools_are_no_requirements(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageError, match="got a file of another tool") as caught:
        refuse_other_formats(tmp_path / name)
    assert "> requirements.txt" in caught.value.hint
