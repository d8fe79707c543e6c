"""Formats told by the name and the first bytes; what is damaged or renamed is refused by name."""

from __future__ import annotations

import json
import pickle
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from modelhost.errors import PackageError
from modelhost.loaders.formats import FORMATS, found_format

LIGHTGBM = b"tree\nversion=v4\nobjective=binary\n\nend of trees\n\nend of parameters\n"
XGBOOST = json.dumps({"learner": {"attributes": {}}, "version": [3, 0, 0]}).encode()
UBJSON = b"{L\0\0\0\0\0\0\0\x07learner{}}"
CATBOOST = b"CBM1" + (16).to_bytes(4, "little") + bytes(16)
ONNX = bytes([8, 8, 18, 1, 97, 58, 2, 18, 0])
"""Version 8, a producer, and an empty graph."""
PROPHET = json.dumps({"growth": "linear", "__prophet_version": "1.1"}).encode()


def archive(path: Path, names: tuple[str, ...]) -> bytes:
    with zipfile.ZipFile(path, "w") as made:
        for name in names:
            made.writestr(name, "{}")
    return path.read_bytes()


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("m.txt", LIGHTGBM, "lightgbm"),
        ("m.txt", LIGHTGBM.replace(b"\n", b"\r\n"), "lightgbm"),
        ("model", LIGHTGBM, "lightgbm"),
        ("m.json", XGBOOST, "xgboost_json"),
        ("m.json", b"  " + XGBOOST, "xgboost_json"),
        ("m.json", PROPHET, "prophet"),
        ("m.json", json.dumps(PROPHET.decode()).encode(), "prophet"),
        ("m.ubj", UBJSON, "xgboost_ubj"),
        ("m.model", UBJSON, "xgboost_ubj"),
        ("m.cbm", CATBOOST, "catboost"),
        ("m.onnx", ONNX, "onnx"),
        ("m.pkl", pickle.dumps({}), None),
        ("m.bin", b"\x01\x02 of a project", None),
    ],
)
def test_the_content_tells_the_format(
    tmp_path: Path, name: str, content: bytes, expected: str | None
) -> None:
    (tmp_path / name).write_bytes(content)
    found = found_format(tmp_path / name)
    assert (found and found.name) == expected


@pytest.mark.parametrize(
    ("name", "members", "expected"),
    [
        ("m.skops", ("schema.json", "1.npy"), "skops"),
        ("m.keras", ("metadata.json", "config.json", "model.weights.h5"), "keras"),
        ("m.pt", ("m/data.pkl", "m/constants.pkl", "m/code/x.py"), "torchscript"),
        ("m.pt2", ("serialized_exported_program.json", "version"), "torch_export"),
        ("m.pt2", ("m/models/model.json", "m/archive_format"), "torch_export"),
        ("m.zip", ("weights.npy",), None),
    ],
)
def test_the_members_tell_the_format_of_an_archive(
    tmp_path: Path, name: str, members: tuple[str, ...], expected: str | None
) -> None:
    archive(tmp_path / name, members)
    found = found_format(tmp_path / name)
    assert (found and found.name) == expected


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"meta.json": '{"lang": "en", "pipeline": ["textcat"]}'}, "spacy"),
        ({"config.json": '{"model_type": "bert"}'}, "transformers"),
        ({"a.onnx": "", "a.onnx.data": ""}, "onnx"),
        ({"own.txt": ""}, None),
    ],
)
def test_a_file_tells_the_format_of_a_folder(
    tmp_path: Path, files: Mapping[str, str], expected: str | None
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    found = found_format(tmp_path)
    assert (found and found.name) == expected


REFUSED = [
    ("m.txt", b"", "an empty file", "save the model again"),
    ("m.txt", b"hello", "a LightGBM model in text, as .txt says, got text that begins", "again"),
    ("m.txt", LIGHTGBM[:30], "a LightGBM model in text that is cut off", "save the model again"),
    ("m.json", XGBOOST[:30], "JSON that is cut off or not valid", "save the model again"),
    ("m.json", b'{"a": 1}', "JSON without the keys of XGBoost (learner) or Prophet", "save_model"),
    ("m.json", b'{"tree_info": []}', "LightGBM's dump", "save_model"),
    ("m.json", b'{"oblivious_trees": []}', "a CatBoost model in JSON", 'save_model("model.cbm")'),
    ("m.ubj", UBJSON[:-1] + b"\0", "an XGBoost model in UBJSON that is cut off", "again"),
    ("m.cbm", CATBOOST[:20], "a CatBoost model that is cut off", "save the model again"),
    ("m.cbm", LIGHTGBM, "a CatBoost model, as .cbm says, got a LightGBM model", "NAME.txt"),
    ("m.pkl", LIGHTGBM, "a pickle, as .pkl says, got a LightGBM model in text", "NAME.txt"),
    ("m.onnx", ONNX[:-1], "an ONNX graph that is cut off", "save the model again"),
    ("m.onnx", b"\x01\xff\xfe", "an ONNX graph, as .onnx says, got a file of another", "again"),
    ("m.onnx", pickle.dumps(1), "an ONNX graph, as .onnx says, got a pickle", "again"),
    ("m.keras", b"PK\x03\x04cut", "a ZIP archive that is damaged or cut off", "again"),
    ("m.h5", b"\x89HDF\r\n", "an HDF5 file, such as an old Keras model", 'save("model.keras")'),
    ("m.model", b"binf\0", "an XGBoost model in its old binary form", 'save_model("model.ubj")'),
    ("m.xml", b"<?xml version='1.0'?><PMML>", "XML, such as PMML", "docs/model-formats.md"),
    ("m.tflite", b"\0\0\0\0TFL3", "a TensorFlow Lite model", "Predictor"),
    ("m", (9).to_bytes(8, "little") + b'{"a":1}  ' * 3, "weights of safetensors", "Predictor"),
]


@pytest.mark.parametrize(("name", "content", "message", "hint"), REFUSED)
def test_what_no_loader_reads_is_named(
    tmp_path: Path, name: str, content: bytes, message: str, hint: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(PackageError) as caught:
        found_format(path, "`model.path`: m")
    assert caught.value.message.startswith("`model.path`: m: expected ")
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_weights_of_torch_are_named(tmp_path: Path) -> None:
    archive(tmp_path / "m.pt", ("m/data.pkl", "m/data/0"))
    with pytest.raises(PackageError, match=r"an archive of torch\.save, which holds weights") as it:
        found_format(tmp_path / "m.pt")
    assert "torch.jit.script(model).save" in it.value.hint


@pytest.mark.parametrize("content", [LIGHTGBM, XGBOOST, UBJSON, CATBOOST, ONNX, PROPHET])
def test_no_part_of_a_file_raises_anything_else(tmp_path: Path, content: bytes) -> None:
    for stop in range(len(content)):
        (tmp_path / "model").write_bytes(content[:stop])
        with suppress(PackageError):
            found_format(tmp_path / "model")


def test_every_format_has_a_loader_and_names_its_library() -> None:
    from importlib import import_module

    for name, known in FORMATS.items():
        assert import_module(f"modelhost.loaders.{name}").LIBRARY
        assert known.requires
