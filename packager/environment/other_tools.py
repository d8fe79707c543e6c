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
_EXPLICIT = re.compile(r"^@EXPLICIT\s*$|^# \$ conda create --name", re.MULTILINE)
"""``conda list --explicit``, ``conda list --export``."""
_NO_REQUIREMENTS = frozenset({".cfg", ".ini", ".ipynb", ".json", ".lock", ".py", ".toml", ".whl"})
_PIXI = (
    "run `pixi workspace export conda-environment environment.yml`, and write [requirements] "
    'file = "environment.yml" in package.toml'
)
_EXPORTS = {
    "pdm.lock": "run `pdm export --prod --without-hashes --output {file}`",
    "Pipfile.lock": "run `pipenv requirements > {file}`",
    "Pipfile": "run `pipenv lock`, then `pipenv requirements > {file}`",
    "conda-lock.yml": _CONDA,
    "pixi.lock": _PIXI,
    "pixi.toml": _PIXI,
    "setup.py": "write the line `-e .` into {file}",
    "setup.cfg": "write the line `-e .` into {file}, and a pyproject.toml beside it whose "
    "[build-system] names setuptools",
}
"""File → command that makes a requirements file from it; the first existing one is used."""


def export_hint(folder: Path, file: str) -> str | None:
    """Command that makes the requirements file ``file`` of a project; None if unknown."""
    name = next((name for name in _EXPORTS if _lists_requirements(folder / name)), None)
    if name is None:
        return None
    return f"{name} holds what it needs: {_EXPORTS[name].format(file=file)}"


def _lists_requirements(file: Path) -> bool:
    """Whether a file exists, and is not only settings of tools."""
    if not file.is_file():
        return False
    return file.name != "setup.cfg" or "install_requires" in small_text(file, file.name)


def refuse_other_formats(requirements: Path, *, is_read: bool) -> None:
    """Raise ``UsageError`` for a file in a format that is not read.

    ``is_read``: whether its name is that of a format that is.
    """
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
        named = f"{known.format(file='requirements.txt')}, and name it in package.toml: "
        raise UsageError(
            f"{name}: expected requirements as pip reads them, got a file of another tool",
            known if known is _PIXI else f'{named}[requirements] file = "requirements.txt"',
        )
    if requirements.suffix in _NO_REQUIREMENTS and not is_read:
        raise UsageError(
            f"{name}: expected a file of requirements, got one of another format",
            "name a requirements.txt, pyproject.toml, uv.lock, poetry.lock, pylock.toml or "
            "environment.yml as [requirements] file in package.toml; a wheel is a line of a "
            "requirements.txt",
        )
