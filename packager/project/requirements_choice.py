"""The requirements file of a project, and its agreement with ``package.toml``."""

from __future__ import annotations

from pathlib import Path

from packager.environment.formats.files import CHOOSING, found_in, has_extras
from packager.environment.other_tools import export_hint
from packager.errors import UsageError
from packager.project.sections import RequirementsSection

DEFAULT = "requirements.txt"


def chosen_file(directory: Path, section: RequirementsSection) -> str:
    """The file that ``section`` names, else the only one in the project's folder.

    Raises ``UsageError`` if there are several.
    """
    if section.file is not None:
        return section.file
    files = found_in(directory)
    if len(files) > 1:
        raise UsageError(
            "package.toml: `requirements.file`: expected one file of requirements in the "
            f"project's folder, got {' and '.join(files)}",
            f'write [requirements] file = "{files[0]}", or another of them',
        )
    return files[0] if files else DEFAULT


def check_choice(directory: Path, section: RequirementsSection) -> None:
    """Raise ``UsageError`` for a folder, and for extras or groups of a file that has none."""
    file = chosen_file(directory, section)
    if (directory / file).is_dir():
        raise UsageError(
            f"package.toml: `requirements.file`: expected a file, got the folder {file}",
            "name a file of requirements, as pip reads it or as docs/package-toml.md lists them",
        )
    for key, names in {"extras": section.extras, "groups": section.groups}.items():
        if names and not has_extras(Path(file)):
            raise UsageError(
                f"package.toml: `requirements.{key}`: expected none with {file}, whose format has "
                "none",
                f"leave it out, or name a file that has them: {CHOOSING}",
            )


def missing_hint(directory: Path, name: str) -> str | None:
    """Hint that names a way to the absent requirements file ``name``; None if unknown."""
    export = export_hint(directory, name)
    if export is None and name == DEFAULT and any(directory.glob("*.py")):
        return f"`package init {directory}` writes it from what the code there imports"
    return export
