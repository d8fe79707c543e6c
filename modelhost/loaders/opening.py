"""Opens a model file by the loader of its format; errors name the library and its version."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Mapping, NamedTuple

from modelhost.errors import PackageError, UsageError
from modelhost.loaders import (
    catboost,
    keras,
    lightgbm,
    onnx,
    prophet,
    skops,
    spacy,
    torch_export,
    torchscript,
    transformers,
    xgboost_json,
    xgboost_ubj,
)
from modelhost.loaders.formats import FORMATS, Format
from modelhost.text import truncate

LOADERS: Mapping[str, Any] = {
    "catboost": catboost,
    "keras": keras,
    "lightgbm": lightgbm,
    "onnx": onnx,
    "prophet": prophet,
    "skops": skops,
    "spacy": spacy,
    "torch_export": torch_export,
    "torchscript": torchscript,
    "transformers": transformers,
    "xgboost_json": xgboost_json,
    "xgboost_ubj": xgboost_ubj,
}
"""Name of a format → its loader, which imports the library when it loads."""


class OpenedObject(NamedTuple):
    """An object of the format's library, and what its state is described by."""

    native: Any
    state: Any
    """``native`` itself, or the content of its file where that says more."""


def open_format(name: str, path: Path) -> OpenedObject:
    """The model in the format ``name`` at ``path``, which may have any name.

    Raises ``UsageError`` if the library is missing, ``PackageError`` if it can't read the file.
    """
    known = FORMATS[name]
    loader = LOADERS[name]
    try:
        native, state = loader.load(path)
    except PackageError:
        raise
    except ImportError as error:
        raise _missing(known, error) from error
    except MemoryError:
        raise
    except Exception as error:
        raise PackageError(
            f"{_library(loader.LIBRARY)} can't read the model, {known.title}:"
            f" {type(error).__name__}: {truncate(' '.join(str(error).split()), 300)}",
            f"is it whole, and did the same or an older version of {loader.LIBRARY} write it?"
            " The requirements choose the version",
        ) from error
    return OpenedObject(native, native if state is None else state)


def _missing(known: Format, error: ImportError) -> UsageError:
    lines = ", ".join(known.requires)
    return UsageError(
        f"the model is {known.title}, and its library is missing: {error}",
        f"add {lines} to the requirements",
    )


def _library(name: str) -> str:
    version = getattr(sys.modules.get(name), "__version__", "")
    return f"{name} {version}".strip()
