"""Writes the minimal manifest that a server starts with, for packages made by a benchmark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from packager.manifest.base import FileEntry
from packager.manifest.evaluation import Compilation, NumericalEnvironment
from packager.manifest.manifest import Manifest, Schema, Serve, Slices


def write_manifest(root: Path, manifest: Manifest) -> None:
    """Write ``manifest`` with the files in ``root``, because a server loads no others."""
    named = {}
    for group, folder in (("model", "models"), ("code", "code"), ("files", "package")):
        top = root / folder
        files = [path for path in sorted(top.rglob("*")) if path.is_file()]
        named[group] = tuple(FileEntry.of(p, p.relative_to(top).as_posix()) for p in files)
    whole = manifest.model_copy(update=named)
    (root / "package" / "manifest.json").write_bytes(whole.dump())


def bare_manifest(name: str, schema: Schema, compiled: Compilation, **options: Any) -> Manifest:
    """The fields that a server reads; ``options``: ``workers``, ``task`` and ``slices``."""
    return Manifest(
        name=name,
        version="1.0.0",
        task=options.get("task", "classification"),
        schema_=schema,
        serve=Serve(predictor="auto", compile="auto", workers=options["workers"], strict=False),
        slices=options.get("slices", Slices(columns={}, rules={})),
        recipe="none",
        data="none",
        evaluation=None,
        environment=NumericalEnvironment(
            python="3.11", machine="", cpu="", cpu_features=(), blas=(), threads=1,
            isolation="process",
        ),
        compiled=compiled,
        runtime="0" * 64,
        code=(),
        model=(),
        files=(),
        platforms={},
    )  # fmt: skip
