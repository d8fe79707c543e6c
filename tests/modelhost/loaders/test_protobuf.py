"""The operators and class labels in an ONNX graph."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelhost.loaders.protobuf import fields, is_onnx, nodes


def field(number: int, content: bytes | int) -> bytes:
    """One field: a varint, or a length and bytes (of fewer than 128)."""
    if isinstance(content, int):
        made, left = [], content % (1 << 64)
        while left >= 128:
            made.append(left & 127 | 128)
            left >>= 7
        return bytes([number << 3, *made, left])
    return bytes([number << 3 | 2, len(content)]) + content


def model(*operators: bytes) -> bytes:
    return field(1, 8) + field(7, b"".join(field(1, one) for one in operators))


def operator(name: bytes, attribute: bytes = b"") -> bytes:
    made = field(1, b"in") + field(2, b"out") + field(4, name)
    return made + (field(5, attribute) if attribute else b"")


def test_operators_are_listed_with_what_they_read_and_write() -> None:
    (first, second) = nodes(model(operator(b"Gemm"), operator(b"Softmax")))
    assert first == ("Gemm", ["in"], ["out"], None)
    assert second.operator == "Softmax"


@pytest.mark.parametrize(
    ("attribute", "classes"),
    [
        (field(1, b"classlabels_strings") + field(9, b"no") + field(9, b"yes"), ("no", "yes")),
        (field(1, b"classlabels_int64s") + field(8, 3) + field(8, -1), (3, -1)),
        (field(1, b"classlabels_int64s") + field(8, bytes([1, 5])), (1, 5)),
        (field(1, b"alpha") + field(8, 3), None),
    ],
)
def test_class_labels_are_found(attribute: bytes, classes: tuple[object, ...] | None) -> None:
    assert nodes(model(operator(b"LinearClassifier", attribute)))[0].classes == classes


def test_a_graph_is_told_from_other_bytes(tmp_path: Path) -> None:
    whole = model(operator(b"Gemm"))
    (tmp_path / "m").write_bytes(whole)
    assert is_onnx(tmp_path / "m", has_name=False)
    (tmp_path / "m").write_bytes(whole[:-1])
    with pytest.raises(ValueError, match="cut off"):
        is_onnx(tmp_path / "m", has_name=True)
    (tmp_path / "m").write_bytes(field(1, 8) + field(99 % 16, 1))
    assert not is_onnx(tmp_path / "m", has_name=False)


@given(st.binary(max_size=60))
def test_any_bytes_are_fields_or_refused(content: bytes) -> None:
    with suppress(ValueError):
        list(fields(content))
