"""Code, data and model files of a project: listed once, hashed once, and passed on.

A command lists the files first (``list_files``), rejects what it can by name, and hashes the files
(``ListedFiles.hashed``). Later steps take ``ProjectFiles`` and don't hash again; code that reads
content later compares it with the digest (``image/unchanged.py``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from packager.confinement import parse_toml, refuse_links_out
from packager.data.sources.listing import Format, source_files
from packager.digest import Files, HashedFile, hash_files, sha256_bytes
from packager.errors import UsageError
from packager.progress import Progress
from packager.project.code_files import ProjectCode, read_code
from packager.project.config import FILENAME, Project
from packager.project.required_secrets import secret_reason
from packager.project.secrets import secret_in


@dataclass(frozen=True)
class ProjectFiles:
    """The files of a project as they were at the start of a command."""

    code: Files
    """Posix name below ``/code`` → file, sorted."""
    data: Files
    """Posix name below ``/data`` → file: ``source/`` in reading order, then ``test/``."""
    model: Files
    """Posix name below ``/models`` → file of a model trained elsewhere."""
    listed: ListedFiles

    def digests(self) -> dict[str, dict[str, str]]:
        """``code``, ``data`` and ``model`` → name → sha256."""
        kinds = {"code": self.code, "data": self.data, "model": self.model}
        return {
            kind: {name: file.sha256 for name, file in files.items()}
            for kind, files in kinds.items()
        }

    def training_digests(self) -> dict[str, dict[str, str]]:
        """As ``digests``, with package.toml as if it had no ``[test]``, which trains nothing."""
        digests = self.digests()
        if FILENAME in self.code:
            digests["code"][FILENAME] = _without_policy(self.code[FILENAME])
        return digests


def _without_policy(file: HashedFile) -> str:
    """The digest of a package.toml without ``[test]``; its own if it changed meanwhile."""
    content = file.path.read_bytes()
    if sha256_bytes(content) != file.sha256:
        return file.sha256
    keys = parse_toml(content.decode("utf-8-sig"), FILENAME)
    keys.pop("test", None)
    return sha256_bytes(json.dumps(keys, sort_keys=True, default=str).encode())


@dataclass(frozen=True)
class ListedFiles:
    """The files of a project by name, not yet read."""

    code: ProjectCode
    data: dict[str, Path]
    """Same keys as ``ProjectFiles.data``."""
    model: dict[str, Path]
    """Same keys as ``ProjectFiles.model``."""
    format: Format | None
    """Format of the data; None without data."""

    def hashed(self) -> ProjectFiles:
        """The same files with their digests and sizes."""
        return ProjectFiles(
            hash_files(self.code.files), hash_files(self.data), hash_files(self.model), self
        )

    @property
    def left_out(self) -> dict[str, str]:
        """Posix name of an omitted file or folder of the project → reason."""
        return self.code.left_out

    def warn_omitted(self, progress: Progress) -> None:
        """Warn of files that are omitted from the image because of credentials."""
        self.code.warn_omitted(progress)


def read_files(project: Project) -> ProjectFiles:
    """List and hash the files of ``project``; raises the errors of ``list_files``."""
    return list_files(project).hashed()


def list_files(
    project: Project, outputs: Iterable[Path] = (), *, refuse_secrets: bool = True
) -> ListedFiles:
    """List the files of ``project``; ``outputs`` are files and folders that the command writes.

    ``refuse_secrets``: False for a command that tells of credentials, and copies no file.

    Raises ``UsageError`` for data that is not one table, a link that leaves the project, and a
    credential in a file that the package needs.
    """
    code = read_code(project, outputs, refuse_secrets=refuse_secrets)
    form, data = _data_files(project)
    model = _model_files(project)
    if refuse_secrets and project.model is not None and model.keys() != {"model"}:
        _refuse_secrets(model, code.included)
    return ListedFiles(code, data, model, form)


def _data_files(project: Project) -> tuple[Format | None, dict[str, Path]]:
    """Format and files of the data: the source and the split's held-out file."""
    if project.data is None:
        return None, {}
    source = project.path(project.data.source)
    listing = source_files(source, project.data.reader)
    _refuse_links_out(listing.all, source, project)
    files = {f"source/{listing.name(path)}": path for path in listing.all}
    if project.data.split.file:
        held_out = project.path(project.data.split.file)
        if held_out.is_dir():
            raise UsageError(
                f"{FILENAME}: `data.split.file`: expected a file, got the folder "
                f"{project.data.split.file}",
                "name one file that holds the held-out rows",
            )
        files[f"test/{held_out.name}"] = held_out
    return listing.format, files


def _model_files(project: Project) -> dict[str, Path]:
    """Files of a model trained elsewhere: one file, or all files of its folder."""
    if project.solution_folder is not None:
        path = project.solution_folder
    elif project.model is not None:
        path = project.path(project.model.path)
    else:
        return {}
    if path.is_file():
        return {"model": path}
    inside = [p for p in sorted(path.rglob("*")) if p.is_file()]
    _refuse_links_out(inside, path, project)
    return {f"model/{p.relative_to(path).as_posix()}": p for p in inside}


def _refuse_links_out(paths: Iterable[Path], folder: Path, project: Project) -> None:
    """Raise ``UsageError`` for a link below ``folder`` that leaves both it and the project."""
    if folder.is_dir():
        top = project.directory
        refuse_links_out(paths, top if folder.is_relative_to(top) else folder)


def _refuse_secrets(model: dict[str, Path], included: frozenset[Path]) -> None:
    """Raise ``UsageError`` for a credential in a given model's folder, which is copied whole."""
    for name, path in model.items():
        secret = None if path.resolve() in included else secret_in(path, name)
        if secret is not None:
            raise UsageError(
                f"{path}: {secret_reason(secret)}, and the model's folder goes into the image "
                "as it is",
                "move it out of that folder; if it is no secret, name it in [image] include",
            )
