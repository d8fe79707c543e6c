"""Synthetic values have the format of training values, and equal none of them."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from packager.data.frames import infer_columns
from packager.worker.train.synthetic_values import TEXT, value_generators


def made(values: list[Any], way: int) -> list[Any]:
    frame = pd.DataFrame({"x": values})
    (column,) = infer_columns(frame)
    ways = value_generators(column, None, frame["x"])
    return [ways[way](step) for step in range(8)]


def takes(values: list[Any], take: Any) -> bool:
    """Whether one of the ways gives values that ``take`` takes, but for the first."""
    for way in range(1, 5):
        try:
            for value in made(values, way):
                take(value)
        except Exception:
            continue
        return True
    return False


def test_free_text_is_a_word_first() -> None:
    assert made([f"text number {i}" for i in range(100)], 0) == [TEXT] * 8


@pytest.mark.parametrize(
    "form",
    [
        "%Y-%m-%d %H:%M:%S",
        "%d/%b/%Y %I:%M %p",
        "%Y%m%dT%H%M%S",
        "%Y-%m-%dT%H:%M:%S+01:00",
        "%d.%m.%y",
    ],
)
def test_times_of_any_form(form: str) -> None:
    moments = pd.date_range("2024-01-01", periods=200, freq="25h")
    texts = [moment.strftime(form) for moment in moments]
    assert takes(texts, lambda text: datetime.strptime(text, form))


def test_json_with_the_keys_and_words_that_rows_share() -> None:
    cities = ["Rome", "Paris", "Bonn"]
    texts = [
        json.dumps({"age": 20 + i % 40, "city": cities[i % 3], "name": f"person{i * 7919}"})
        for i in range(200)
    ]

    def take(text: str) -> None:
        found = json.loads(text)
        assert found["city"] in cities
        assert found["age"] >= 0
        assert text not in texts

    assert takes(texts, take)


def test_encoded_bytes_of_the_same_length() -> None:
    numbers = np.random.default_rng(0).normal(size=(200, 5)).astype("<f4")
    texts = [base64.b64encode(row.tobytes()).decode() for row in numbers]

    def take(text: str) -> None:
        assert len(base64.b64decode(text, validate=True)) == 20
        assert text not in texts

    assert takes(texts, take)


def test_a_secret_of_one_row_is_in_no_value() -> None:
    texts = [f"user{i:04} key s3cret{i * 7919 % 10_000:04}" for i in range(300)]
    secrets = {text.split()[2] for text in texts}
    for way in range(5):
        assert not any(secret in value for value in made(texts, way) for secret in secrets)


def test_codes_are_those_that_several_rows_share() -> None:
    assert set(made([11, 25, 93] * 50, 1)) == {11, 25, 93}
    assert made([11, 25, 93] * 50, 0)[1] not in (11, 25, 93)


def test_null_is_the_last_resort_of_a_column_that_had_some() -> None:
    values = [f"text {i}" for i in range(100)] + [None]
    frame = pd.DataFrame({"x": values})
    (column,) = infer_columns(frame)
    assert value_generators(column, None, frame["x"])[-1](0) is None
