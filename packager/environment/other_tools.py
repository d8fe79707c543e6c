"""Hints for exporting a requirements file from the dependency files of other tools."""

from __future__ import annotations

import re
from pathlib import Path

from packager.confinement import small_text
from packager.errors import UsageError

FREEZE = "pip list --format=freeze --exclude-editable > {file}"
"""Run in any environment, it lists names and versions, without paths."""
_CONDA = f"activate that environment and run `{FREEZE}`"
_YAML = re.compile(r"^(?:channels|dependencies):\s*$", re.MULTILINE)
_EXPLICIT = re.compile(r"^@EXPLICIT\s*$", re.MULTILINE)
_EXPORTS = {
    "pdm.lock": "run `pdm export --prod --without-hashes --output {file}`",
    "Pipfile.lock": "run `pipenv requirements > {file}`",
    "Pipfile": "run `pipenv lock`, then `pipenv requirements > {file}`",
    "conda-lock.yml": _CONDA,
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
    """Raise ``UsageError`` for a file in a format that is not read."""
    name = requirements.name
    known = _EXPORTS.get(name)
    if known is None and requirements.suffix not in (".toml", ".lock", ".yml", ".yaml"):
        text = small_text(requirements, name)
        if _YAML.search(text):
            raise UsageError(
                f"{name}: expected requirements as pip reads them, got a file of conda",
                "name it environment.yml, and write [requirements] file = "
                '"environment.yml" in package.toml',
            )
        known = _CONDA if _EXPLICIT.search(text) else None
    if known is not None:
        raise UsageError(
            f"{name}: expected requirements as pip reads them, got a file of another tool",
            f"{known.format(file='requirements.txt')}, and name it in package.toml: "
            '[requirements] file = "requirements.txt"',
        )
