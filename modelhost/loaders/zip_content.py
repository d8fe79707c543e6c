"""Formats that are ZIP archives: told apart by the names of their members."""

from __future__ import annotations

import zipfile
from pathlib import Path

_EXPORTED = ("serialized_exported_program.json", "models/model.json")


def zip_content(path: Path) -> str | None:
    """The format of an archive; None for one of the project's own.

    Raises ``ValueError`` for a damaged archive and for a format without a loader.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise ValueError(
            "a ZIP archive that is damaged or cut off: save the model again"
        ) from error
    own = {name.partition("/")[2] for name in names}
    if "schema.json" in names:
        return "skops"
    if {"config.json", "metadata.json", "model.weights.h5"} <= set(names):
        return "keras"
    if any(name.endswith(_EXPORTED) for name in names):
        return "torch_export"
    if "constants.pkl" in own:
        return "torchscript"
    if "data.pkl" in own:
        raise ValueError(
            "an archive of torch.save, which holds weights or a pickled module, not a program:"
            " save the model by torch.jit.script(model).save(PATH) or by torch.export.save"
        )
    return None
