"""Hints for exporting a requirements file from the dependency files of other tools."""

from __future__ import annotations

import re
from pathlib import Path

from packager.errors import UsageError

FREEZE = "pip list --format=freeze --exclude-editable > {file}"
"""Run in any environment, it lists names and versions, without paths."""
_CONDA = f"activate that environment and run `{FREEZE}`"
_YAML = re.compile(r"^(?:channels|dependencies):\s*$", re.MULTILINE)
_EXPORTS = {
    "poetry.lock": "run `poetry export --without-hashes --output {file}` "
    "(`poetry self add poetry-plugin-export` brings that command)",
    "uv.lock": "run `uv export --no-hashes --no-dev --no-emit-project --output-file {file}`",
    "pdm.lock": "run `pdm export --prod --without-hashes --output {file}`",
    "Pipfile.lock": "run `pipenv requirements > {file}`",
    "Pipfile": "run `pipenv lock`, then `pipenv requirements > {file}`",
    "conda-lock.yml": _CONDA,
    "environment.yml": _CONDA,
    "environment.yaml": _CONDA,
    "conda.yaml": _CONDA,
    "conda.yml": _CONDA,
    "pyproject.toml": "run `uv pip compile pyproject.toml --output-file {file}`",
    "setup.cfg": "run `uv pip compile setup.cfg --output-file {file}`",
    "setup.py": "run `uv pip compile setup.py --output-file {file}`",
}
"""File → command that makes a requirements file from it; the first existing one is used."""


def export_hint(folder: Path, wanted: str) -> str | None:
    """How to make the requirements file ``wanted`` of a project; None if unknown."""
    name = next((name for name in _EXPORTS if (folder / name).is_file()), None)
    if name is None:
        return None
    return f"{name} holds what it needs: {_EXPORTS[name].format(file=wanted)}"


def refuse_other_formats(requirements: Path) -> None:
    """Raise ``UsageError`` for a file in the format of another tool."""
    name = requirements.name
    known = _EXPORTS.get(name)
    text = requirements.read_text(encoding="utf-8", errors="replace")
    if known is None and (requirements.suffix in (".yml", ".yaml") or _YAML.search(text)):
        known = _CONDA
    if known is not None:
        raise UsageError(
            f"{name}: expected requirements as pip reads them, got a file of another tool",
            f"{known.format(file='requirements.txt')}, and name it in package.toml: "
            '[requirements] file = "requirements.txt"',
        )
