"""The formats of model files, told by the name and the first bytes, without loading anything."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Sequence

from modelhost.errors import PackageError
from modelhost.loaders.folder_content import folder_content
from modelhost.loaders.json_content import json_content
from modelhost.loaders.protobuf import is_onnx
from modelhost.loaders.zip_content import zip_content

PREFIX = "format:"
"""Before the name of a format in ``Serve.loader``; no module of a project has a colon."""
PICKLES = (".pkl", ".pickle", ".joblib")
_HEAD = 512


class Format(NamedTuple):
    """A format that a loader of the same module name reads."""

    name: str
    title: str
    suffixes: Sequence[str]
    requires: Sequence[str]
    """Distributions that the model's environment needs, by their names on an index."""


FORMATS = {
    one.name: one
    for one in (
        Format("lightgbm", "a LightGBM model in text", (".txt", ".lgb"), ("lightgbm",)),
        Format("xgboost_json", "an XGBoost model in JSON", (".json",), ("xgboost-cpu",)),
        Format("xgboost_ubj", "an XGBoost model in UBJSON", (".ubj",), ("xgboost-cpu",)),
        Format("catboost", "a CatBoost model", (".cbm",), ("catboost",)),
        Format("onnx", "an ONNX graph", (".onnx",), ("onnxruntime",)),
        Format("torchscript", "a TorchScript archive", (".pt", ".pth", ".ts"), ("torch",)),
        Format("torch_export", "an archive of torch.export", (".pt2",), ("torch",)),
        Format("keras", "a Keras archive", (".keras",), ("keras", "tensorflow-cpu")),
        Format("skops", "a skops archive", (".skops",), ("skops", "scikit-learn")),
        Format("prophet", "a Prophet model in JSON", (".json",), ("prophet",)),
        Format("spacy", "a spaCy folder", (), ("spacy",)),
        Format("transformers", "a transformers folder", (), ("transformers", "torch")),
    )
}
_BY_SUFFIX = {
    suffix: [one for one in FORMATS.values() if suffix in one.suffixes]
    for known in FORMATS.values()
    for suffix in known.suffixes
}
_OTHERS = {
    b"\x89HDF": (
        "an HDF5 file, such as an old Keras model",
        'save it by model.save("model.keras")',
    ),
    b"binf": ("an XGBoost model in its old binary form", 'save it by save_model("model.ubj")'),
    b"GGUF": ("a GGUF model", ""),
    b"<?xml": ("XML, such as PMML", ""),
    b"<PMML": ("PMML", ""),
}
PREDICTOR = (
    "save it in a format of docs/model-formats.md, or read it by a class of the project:"
    ' [serve] predictor = "predict:Predictor"'
)


def found_format(path: Path, shown: str | None = None) -> Format | None:
    """The format of the model at ``path``; None for a pickle, or a file of no known format.

    Raises ``PackageError``, which calls the file ``shown``, for a file of a format without a
    loader, for one that is empty or cut off, and for a name that promises another format.
    """
    shown = str(path) if shown is None else shown
    try:
        content = _content(path)
    except ValueError as error:
        what, _, hint = str(error).partition(": ")
        raise PackageError(f"{shown}: expected a model, got {what}", hint or PREDICTOR) from error
    suffix = path.suffix.lower() if path.is_file() else ""
    promised = [one.title for one in _BY_SUFFIX.get(suffix, ())]
    if suffix in PICKLES and content is not None:
        promised = ["a pickle"]
    model_format = FORMATS.get(content or "")
    fits = model_format is not None and (model_format.title in promised or not promised)
    if promised and not fits:
        got = model_format.title if model_format else _described(path)
        right = (
            f", or rename it to NAME{model_format.suffixes[0]}"
            if model_format and model_format.suffixes
            else ""
        )
        raise PackageError(
            f"{shown}: expected {' or '.join(promised)}, as {suffix} says, got {got}",
            f"save the model again{right}",
        )
    return model_format


def _content(path: Path) -> str | None:
    """The name of the format that the content has; ``ValueError`` for one without a loader."""
    if path.is_dir():
        return folder_content(path)
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head:
        raise ValueError("an empty file: save the model again")
    for magic, (what, hint) in _OTHERS.items():
        if head.startswith(magic):
            raise ValueError(f"{what}: {hint}" if hint else what)
    if head[4:8] == b"TFL3":
        raise ValueError("a TensorFlow Lite model")
    if head.startswith(b"PK\x03\x04"):
        return zip_content(path)
    if head.startswith((b"tree\n", b"tree\r\n")):
        return _name_if_complete(path, b"end of parameters", "lightgbm")
    if head.startswith(b"CBM1"):
        if path.stat().st_size < 8 + int.from_bytes(head[4:8], "little"):
            raise ValueError("a CatBoost model that is cut off: save the model again")
        return "catboost"
    if head[:1] == b"{" and head[1:2] in b"iUIlL" and b"learner" in head[:24]:
        return _name_if_complete(path, b"}", "xgboost_ubj", 1)
    if head.lstrip()[:1] in (b"{", b"[", b'"'):
        return json_content(path)
    if head[8:10] == b'{"' and int.from_bytes(head[:8], "little") < path.stat().st_size:
        raise ValueError("weights of safetensors, which are no model by themselves")
    if is_onnx(path, has_name=path.suffix.lower() == ".onnx"):
        return "onnx"
    return None


def _name_if_complete(path: Path, end: bytes, name: str, last: int = 1 << 20) -> str:
    """``name`` if ``end`` is within the ``last`` bytes of the file."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - last))
        if end not in file.read():
            raise ValueError(f"{FORMATS[name].title} that is cut off: save the model again")
    return name


def _described(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head[:1] == b"\x80":
        return "a pickle"
    try:
        head.decode("utf-8")
    except UnicodeDecodeError:
        return f"a file of another format, which begins with {head[:8].hex(' ')}"
    return f"text that begins with {head[:20].decode('utf-8')!r}"
