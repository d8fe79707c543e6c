"""DVC's record of an output: in a ``.dvc`` file, or of a stage in ``dvc.lock``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from packager.errors import UsageError
from packager.project.dvc.digests import DIGEST, FOLDER, Algorithm
from packager.project.small_yaml import small_yaml

SUFFIX, STAGES, LOCK = ".dvc", "dvc.yaml", "dvc.lock"
MARK = "#"
_OUTPUTS = ("outs", "metrics", "plots")
"""Where a stage declares outputs."""
_VARIABLE = re.compile(r"\$\{[^}]*\}")


@dataclass(frozen=True)
class DvcAddress:
    """``[data] source`` that DVC tracks."""

    file: str
    """The ``.dvc`` file or the ``dvc.yaml``, relative to the project."""
    output: str
    """``STAGE/OUT`` or ``OUT`` of a ``dvc.yaml``; empty for a ``.dvc`` file."""


@dataclass(frozen=True)
class TrackedOutput:
    """A file or folder by its digest."""

    path: Path
    """Its path in the workspace, absolute."""
    digest: str
    algorithm: Algorithm
    file: Path
    """The file that states it."""
    stage: str | None = None
    cached: bool = True
    """Whether DVC keeps copies of it; not with ``cache: false``."""

    @property
    def is_folder(self) -> bool:
        """Whether the digest is of a folder."""
        return self.digest.endswith(FOLDER)


def dvc_address(source: str) -> DvcAddress | None:
    """The parts of a source that DVC tracks; None for another source."""
    file, mark, output = source.partition(MARK)
    name = PurePosixPath(file).name
    if mark and name in (STAGES, LOCK):
        return DvcAddress(str(PurePosixPath(file).with_name(STAGES)), output)
    if not mark and name.endswith(SUFFIX) and name != SUFFIX:
        return DvcAddress(file, "")
    return None


def tracked_output(address: DvcAddress, directory: Path) -> TrackedOutput:
    """Read what DVC states about the output, in the project ``directory``.

    Raises ``UsageError`` if it states nothing, or nothing that a digest of content is.
    """
    file = directory / address.file
    if not file.name.endswith(SUFFIX):
        return _of_stage(address, file)
    stated = _mapping(file)
    outs = stated.get("outs")
    if not isinstance(outs, list) or len(outs) != 1:
        raise _wrong(file, f"one entry under `outs`, got {len(outs) if outs else 'none'}")
    folder = file.parent / str(stated.get("wdir") or ".")
    return _output(outs[0], folder, file, None)


def _of_stage(address: DvcAddress, file: Path) -> TrackedOutput:
    lock = file.with_name(LOCK)
    if not lock.is_file():
        raise UsageError(
            f"{lock}: no such file: no stage of {file.name} has run",
            "run `dvc repro`, and commit dvc.lock",
        )
    stages = _mapping(lock).get("stages") or {}
    declared = (_mapping(file).get("stages") or {}) if file.is_file() else {}
    matches, known = [], []
    for name, stage in sorted(stages.items()):
        for out in stage.get("outs") or []:
            path = str(out.get("path"))
            known.append(f"{name}/{path}")
            if address.output in (f"{name}/{path}", path):
                matches.append((name, out))
    if len(matches) != 1:
        got = f"{len(matches)} of that path" if matches else "none"
        raise UsageError(
            f"{lock}: expected one output {address.output or 'after #'}, got {got}",
            f'name one of {", ".join(known[:10])}: source = "{address.file}#STAGE/OUT"'
            if known
            else "run `dvc repro`, and commit dvc.lock",
        )
    name, out = matches[0]
    stage = declared.get(name.partition("@")[0]) or {}
    stage = stage.get("do") or stage
    folder = str(stage.get("wdir") or ".")
    if "${" in folder:
        raise UsageError(
            f"{file}: expected a wdir of {name} without ${{…}}, got {folder!r}",
            "leave `wdir` out, write its folder into the paths of `outs`, and run `dvc repro`",
        )
    cached = not _is_uncached(str(out.get("path")), stage)
    return _output({**out, "cache": cached}, file.parent / folder, lock, name)


def _is_uncached(path: str, stage: Mapping[str, Any]) -> bool:
    """Whether a stage declares ``path`` with ``cache: false``; its name there may have ``${…}``."""
    entries = [one for kind in _OUTPUTS for one in stage.get(kind) or [] if isinstance(one, dict)]
    uncached = [
        str(declared)
        for entry in entries
        for declared, options in entry.items()
        if isinstance(options, dict) and options.get("cache") is False
    ]
    patterns = (".+".join(map(re.escape, _VARIABLE.split(one))) for one in uncached)
    return any(re.fullmatch(pattern, path) for pattern in patterns)


def _output(out: Any, folder: Path, file: Path, stage: str | None) -> TrackedOutput:
    if not isinstance(out, dict) or not isinstance(out.get("path"), str):
        raise _wrong(file, "an output with `path`")
    digest, algorithm = str(out.get("md5", "")), str(out.get("hash", "md5-dos2unix"))
    if not DIGEST.fullmatch(digest) or algorithm not in ("md5", "md5-dos2unix"):
        got = algorithm if algorithm not in ("md5", "md5-dos2unix") else digest or "none"
        raise UsageError(
            f"{file}: expected `md5` of {out['path']}, got {got}",
            "add the data with `dvc add`, so that DVC keeps a digest of its content",
        )
    path = Path(folder / out["path"]).absolute()
    form: Algorithm = "md5" if algorithm == "md5" else "md5-dos2unix"
    cached = out.get("cache") is not False
    return TrackedOutput(path, digest, form, file.absolute(), stage, cached)


def _mapping(file: Path) -> dict[str, Any]:
    """A small YAML file with names; raises ``UsageError`` for anything else."""
    mapping = small_yaml(file)
    if not isinstance(mapping, dict):
        raise _wrong(file, "names and values")
    return mapping


def _wrong(file: Path, expected: str) -> UsageError:
    return UsageError(f"{file}: expected {expected}", "let DVC write the file: `dvc add`")
