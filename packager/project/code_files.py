"""Selects the files of a project that are its code, with a reason for every omitted file."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from docker.utils.build import exclude_paths

from packager.confinement import (
    MAX_FILES,
    patterns_of,
    refuse_deep,
    refuse_depth,
    refuse_leaving,
    refuse_links_out,
    refuse_sparse,
    refuse_unnameable,
)
from packager.errors import UsageError
from packager.progress import Progress
from packager.project.config import Project
from packager.project.ignore_rules import IgnoreRules, junk_file, junk_folder
from packager.project.include import included_files
from packager.project.outputs import ARCHIVE, LABELS, OUTPUTS
from packager.project.required_secrets import DATA_FOLDER, refuse_required_secrets, secret_reason
from packager.project.secrets import secret_in


@dataclass(frozen=True)
class ProjectCode:
    """The files of a project that belong at ``/code``, and those that don't."""

    files: dict[str, Path]
    """Posix name → file, sorted."""
    left_out: dict[str, str]
    """Posix name of an omitted file or folder of the project → reason."""
    secrets: tuple[str, ...]
    """Omitted files that hold credentials."""
    included: frozenset[Path]
    """Files that ``[image] include`` names, links resolved."""

    def warn_omitted(self, progress: Progress) -> None:
        """Warn of files that are omitted because of credentials."""
        for name in self.secrets:
            progress.warn(f"{name} is omitted from the image: {self.left_out[name]}")


def read_code(
    project: Project, outputs: Iterable[Path] = (), *, refuse_secrets: bool = True
) -> ProjectCode:
    """Separate the files of a project that belong at ``/code`` from the others.

    Omitted: the data and its folder (unless that is the project's own), the split file, a given
    model, outputs, hidden files, caches, virtual environments, files that ``.dockerignore`` and
    ``.gitignore`` name, and credentials. Files that ``[image] include`` names are included. Raises
    ``UsageError`` for a credential in a file that the code needs, unless ``refuse_secrets`` is
    False.
    """
    top = project.directory
    apart = {path.resolve() for path in (*_data_paths(project), *outputs)}
    files, left_out = _walk(top, apart)
    included_names = included_files(top, project.image.include)
    refuse_links_out(included_names.values(), top)
    files |= included_names
    for name, path in files.items():
        refuse_unnameable(name)
        refuse_sparse(path, name)
    held = {name: secret for name, path in files.items() if (secret := secret_in(path, name))}
    held = {name: secret for name, secret in held.items() if name not in included_names}
    if refuse_secrets:
        refuse_required_secrets(project, files, held)
    left_out |= {name: secret_reason(secret) for name, secret in held.items()}
    code_files = {name: path for name, path in sorted(files.items()) if name not in held}
    gone = {name: why for name, why in sorted(left_out.items()) if name not in code_files}
    included = frozenset(path.resolve() for path in included_names.values())
    return ProjectCode(code_files, gone, tuple(sorted(held)), included)


def python_files(top: Path, suffix: str = ".py") -> list[Path]:
    """The Python files below ``top`` that would be code of a project there, sorted.

    ``suffix``: another one, such as that of notebooks.
    """
    files, _ = _walk(top, set())
    return [path for name, path in sorted(files.items()) if name.endswith(suffix)]


def _walk(top: Path, apart: set[Path]) -> tuple[dict[str, Path], dict[str, str]]:
    """Every included file below ``top``, and every omitted file or folder with the reason."""
    ignored, is_included = IgnoreRules(top), _not_ignored(top)
    files: dict[str, Path] = {}
    left_out: dict[str, str] = {}
    for folder, folders, names in os.walk(top, followlinks=True):
        here = Path(folder)
        refuse_depth(here, len(here.relative_to(top).parts))
        _refuse_loop(here)
        entered = []
        for name in sorted(folders):
            path = here / name
            why = DATA_FOLDER if path in apart else junk_folder(path)
            if path.parent == top and name in OUTPUTS:
                why = "it is an output of a build"
            why = why or ignored.why(path, folder=True) or _ignored_link(path, top, is_included)
            if why is None:
                if path.is_symlink():
                    refuse_leaving(path, top)
                entered.append(name)
            else:
                left_out[path.relative_to(top).as_posix()] = why
        folders[:] = entered
        for name in sorted(names):
            path = here / name
            inside = path.relative_to(top).as_posix()
            why = _why_no_code(path, inside, apart) or ignored.why(path, folder=False)
            if why is None and is_included is not None and inside not in is_included:
                why = ".dockerignore names it"
            if why is None and path.is_symlink():
                refuse_leaving(path, top)
            if why is None:
                why = _why_no_file(path)
            if why is None:
                files[inside] = path
            else:
                left_out[inside] = why
        _refuse_many(len(files))
    return files, left_out


def _refuse_many(count: int) -> None:
    if count > MAX_FILES:
        raise UsageError(
            f"expected at most {MAX_FILES:,} files of code, got more",
            "name in .dockerignore what the code does not need; links to one folder count each",
        )


def _why_no_code(path: Path, inside: str, apart: set[Path]) -> str | None:
    if inside == LABELS:
        return "it holds labels of the image, which are outside of the package"
    if inside in OUTPUTS or _is_archive(path):
        return "it is an output of a build"
    if path in apart or path.resolve() in apart:
        return "it is data, a model or an output"
    return junk_file(path)


def _why_no_file(path: Path) -> str | None:
    if path.is_file():
        return None
    return "it is no regular file" if path.exists() else "it is a dangling link"


def _data_paths(project: Project) -> list[Path]:
    paths = []
    if project.data:
        tracked = project.tracked
        # Where DVC has it in the workspace, also if it is read from a cache.
        source = project.path(tracked.output if tracked else project.data.source)
        is_file = not tracked.is_folder if tracked else source.is_file()
        own_folder = source.parent != project.directory and is_file
        paths += [source, source.parent] if own_folder else [source]
        if project.table is not None and project.table.path is not None:
            paths.append(project.table.path)
        if project.data.split.file:
            paths.append(project.path(project.data.split.file))
    if project.model:
        paths.append(project.path(project.model.path))
    # The project's folder and folders above it don't count as data folders.
    return [target for target in paths if not project.directory.is_relative_to(target)]


def _is_archive(path: Path) -> bool:
    """Whether a file is an image archive of an earlier build."""
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        return bool(ARCHIVE.match(file.read(100)))


def _not_ignored(top: Path) -> set[str] | None:
    ignore = top / ".dockerignore"
    if not ignore.is_file():
        return None
    refuse_leaving(ignore, top)
    refuse_deep(top)
    lines = (line.strip() for line in patterns_of(ignore))
    patterns = [line for line in lines if line and not line.startswith("#")]
    return {name.replace(os.sep, "/") for name in exclude_paths(str(top), patterns)}


def _ignored_link(path: Path, top: Path, listed: set[str] | None) -> str | None:
    named = listed is not None and path.relative_to(top).as_posix() not in listed
    return ".dockerignore names it" if named and path.is_symlink() else None


def _refuse_loop(folder: Path) -> None:
    real = folder.resolve()
    if any(folder.parents[i].resolve() == real for i in range(len(folder.parents))):
        raise UsageError(
            f"{folder}: a link to a folder above itself",
            "remove the link, or name it in .dockerignore",
        )
