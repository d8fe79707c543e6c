"""Errors of opening a file name the library, its version, and the requirement to add."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelhost.errors import PackageError, UsageError
from modelhost.loaders.formats import FORMATS
from modelhost.loaders.opening import LOADERS, open_format


@pytest.mark.parametrize("name", ["catboost", "onnx", "skops", "torchscript", "prophet"])
def test_a_missing_library_names_the_requirement(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, LOADERS[name].LIBRARY, None)
    (tmp_path / "model").write_text("{}")
    with pytest.raises(UsageError) as caught:
        open_format(name, tmp_path / "model")
    assert caught.value.message.startswith(f"the model is {FORMATS[name].title}, and its library")
    assert FORMATS[name].requires[0] in caught.value.hint
    assert caught.value.hint.endswith("to the requirements")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("lightgbm", b"tree\nversion=v4\nend of parameters\n"),
        ("lightgbm", b"tree\n\xff\xfe"),
        ("xgboost_json", b'{"learner": {}}'),
        ("xgboost_json", b'{"learner": {}, "version": [99, 0, 0]}'),
        ("xgboost_ubj", b"{L\0\0\0\0\0\0\0\x07learner{}}"),
    ],
)
def test_a_file_that_its_library_refuses_names_the_library(
    tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / "model").write_bytes(content)
    library = LOADERS[name].LIBRARY
    with pytest.raises(PackageError, match=rf"^{library} \d+\.\d+\S* can't read the model") as it:
        open_format(name, tmp_path / "model")
    assert FORMATS[name].title in it.value.message
    assert "did the same or an older version" in it.value.hint


def test_every_format_is_opened() -> None:
    assert LOADERS.keys() == FORMATS.keys()
