"""Which files of a project are its code, and which are its data."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from docker.utils.build import exclude_paths

from packager.data.frames import source_files
from packager.environment.lock import FILENAME as LOCK
from packager.errors import UsageError
from packager.project.config import Project

RECORD = "package.build.json"
REPLAY_REPORT = "replay.json"
SEEDS = "package.seeds.json"
# The first member of our archives is a layer, called by its digest.
ARCHIVE = re.compile(rb"[0-9a-f]{64}\.tar\0")
IGNORED_FOLDERS = ("__pycache__", "node_modules")
VERDICTS = "verdicts.csv"
OUTPUTS = (LOCK, RECORD, REPLAY_REPORT, SEEDS, VERDICTS)


def code_files(project: Project, outputs: Iterable[Path] = ()) -> dict[str, Path]:
    """Posix name → file of everything that belongs at ``/code``.

    Left out: the data and its folder (unless that is the project's own), the split file, a given
    model, outputs, hidden files, caches, virtual environments, and what ``.dockerignore`` names.
    """
    top = project.directory
    left_out = {path.resolve() for path in (*_data_places(project), *outputs)}
    wanted = _not_ignored(top)
    files: dict[str, Path] = {}
    for folder, folders, names in os.walk(top, followlinks=True):
        here = Path(folder)
        folders[:] = sorted(
            name
            for name in folders
            if _is_code_folder(here / name)
            and (here / name) not in left_out
            and not _is_ignored_link(here / name, top, wanted)
        )
        _refuse_loop(here)
        for name in sorted(names):
            path = here / name
            inside = path.relative_to(top).as_posix()
            if (
                not name.startswith(".")
                and not (here == top and name in OUTPUTS)
                and path not in left_out
                and path.resolve() not in left_out
                and (wanted is None or inside in wanted)
                and path.is_file()
                and not _is_archive(path)
            ):
                files[inside] = path
    return dict(sorted(files.items()))


def data_files(project: Project) -> dict[str, Path]:
    """Posix name below ``/data`` → file, for the source and the split's own file."""
    if project.data is None:
        return {}
    source = project.path(project.data.source)
    _, paths = source_files(source)
    top = source if source.is_dir() else source.parent
    files = {f"source/{path.relative_to(top).as_posix()}": path for path in paths}
    if project.data.split.file:
        held_out = project.path(project.data.split.file)
        files[f"test/{held_out.name}"] = held_out
    return files


def model_files(project: Project) -> dict[str, Path]:
    """Posix name below ``/models`` → file of a model trained elsewhere."""
    if project.model is None:
        return {}
    path = project.path(project.model.path)
    if path.is_file():
        return {"model": path}
    inside = (p for p in sorted(path.rglob("*")) if p.is_file())
    return {f"model/{p.relative_to(path).as_posix()}": p for p in inside}


def _data_places(project: Project) -> list[Path]:
    places = []
    if project.data:
        source = project.path(project.data.source)
        own_folder = source.parent != project.directory and source.is_file()
        places += [source, source.parent] if own_folder else [source]
        if project.table is not None and project.table.path is not None:
            places.append(project.table.path)
        if project.data.split.file:
            places.append(project.path(project.data.split.file))
    if project.model:
        places.append(project.path(project.model.path))
    # A folder above the project, or the project itself, is no folder of data.
    return [place for place in places if not project.directory.is_relative_to(place)]


def _is_archive(path: Path) -> bool:
    """Whether a file is an archive that an earlier build wrote."""
    with path.open("rb") as file:
        return bool(ARCHIVE.match(file.read(100)))


def _is_code_folder(path: Path) -> bool:
    return not (
        path.name.startswith(".")
        or path.name in IGNORED_FOLDERS
        or path.name.endswith(".egg-info")
        or (path / "pyvenv.cfg").exists()
        or (path / "oci-layout").exists()
        or (path / "suspects.parquet").exists()
    )


def _not_ignored(top: Path) -> set[str] | None:
    ignore = top / ".dockerignore"
    if not ignore.is_file():
        return None
    lines = (line.strip() for line in ignore.read_text(encoding="utf-8-sig").splitlines())
    patterns = [line for line in lines if line and not line.startswith("#")]
    return {name.replace(os.sep, "/") for name in exclude_paths(str(top), patterns)}


def _is_ignored_link(path: Path, top: Path, wanted: set[str] | None) -> bool:
    return (
        wanted is not None and path.is_symlink() and path.relative_to(top).as_posix() not in wanted
    )


def _refuse_loop(folder: Path) -> None:
    real = folder.resolve()
    if any(folder.parents[i].resolve() == real for i in range(len(folder.parents))):
        raise UsageError(
            f"{folder}: a link to a folder above itself",
            "remove the link, or name it in .dockerignore",
        )
