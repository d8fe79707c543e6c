"""Examples of arrays, lists and bytes: of the kind of training, and none of training."""

from __future__ import annotations

import base64

import pandas as pd
import pytest

from packager.data.rows.synthetic_values import picture
from packager.manifest.manifest import Column
from packager.worker.train.synthetic_nested import are_pictures
from packager.worker.train.synthetic_values import value_generators

PNG = base64.b64decode(picture(5, 7, 2, 99))
PICTURE = Column(name="x", kind="bytes", dtype="object", nullable=False)


def first_values(column: Column, values: list[object]) -> list[object]:
    series = pd.Series(values, dtype=object)
    return [make(0) for make in value_generators(column, None, series)]


def test_pictures_get_a_png_of_the_size_of_most_then_a_tiny_one() -> None:
    found = first_values(PICTURE, [PNG, PNG, b"\xff\xd8\xff\xe0 a photo", None])
    assert found == [picture(5, 7, 2), picture(), picture(colour=2)]
    assert base64.b64encode(PNG).decode() not in found


def test_bytes_that_are_no_pictures_are_empty() -> None:
    assert first_values(PICTURE, [b"secret", PNG]) == [""]


@pytest.mark.parametrize("begun", [b"\xff\xd8\xff\xe0", b"GIF89a", b"BM", b"RIFF1234WEBP", PNG])
def test_formats_of_pictures(begun: bytes) -> None:
    assert are_pictures(pd.Series([begun], dtype=object))


def test_lists_are_empty_or_of_one_element_and_personal_ones_too() -> None:
    tags = Column(
        name="x", kind="list", dtype="object", nullable=True, element="string",
        personal="names of people",
    )  # fmt: skip
    assert first_values(tags, [["Ada"], ["Bob"]]) == [[], ["example"], [], None]


def test_arrays_are_ramps_then_zeros() -> None:
    column = Column(
        name="x", kind="array", dtype="object", nullable=False, shape=(2,), element="uint8",
        minimum=1.0, maximum=9.0,
    )  # fmt: skip
    assert first_values(column, []) == [[1, 9], [1, 1]]
