"""CSV cells: which ones are numbers, decided in time linear in a cell's length."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from packager.data.frames import read
from packager.data.rows import csv_cells
from packager.data.rows.csv_cells import is_beyond_64_bits, is_integer, parse_cells

PLAIN = re.compile(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*")
"""What a number is, written so that it takes quadratic time."""
NEARLY = st.text(alphabet="0123456789.eE+- \t\u2003x", max_size=12)


@given(NEARLY)
@example("1.")
@example(".")
@example("1.e5")
@example(" +.5E-07\t")
def test_numbers_are_what_they_were(cell: str) -> None:
    assert bool(csv_cells.NUMBER.fullmatch(cell)) == bool(PLAIN.fullmatch(cell))
    expected = float(cell) if PLAIN.fullmatch(cell) else cell
    assert parse_cells([cell], "number") == [expected]


@given(NEARLY)
def test_integers_are_what_they_were(cell: str) -> None:
    whole = re.fullmatch(r"\s*[+-]?[0-9]+\s*", cell)
    expected = int(cell) if whole else float(cell) if PLAIN.fullmatch(cell) else cell
    (found,) = parse_cells([cell], "integer")
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.slow
@pytest.mark.parametrize("shape", ["1{}x", "{}1x", "1.{}x", "1e{}x", "-{}x", " {}x", "{}"], ids=str)
@pytest.mark.parametrize("filler", ["1", "0", " "], ids=["ones", "zeros", "spaces"])
@pytest.mark.sample(7)
def test_time_grows_with_length_alone(shape: str, filler: str) -> None:
    def seconds(length: int) -> float:
        cell = shape.format(filler * length)
        best = 9.0
        for _ in range(3):
            started = time.process_time()  # other processes take none of it
            parse_cells([cell] * 5, "number")
            parse_cells([cell] * 5, "integer")
            best = min(best, time.process_time() - started)
        return best

    # 16 times the length: 16 times the time, or 256 times where it is quadratic (which is seconds).
    assert seconds(1 << 16) < max(2.0, 100 * seconds(1 << 12))


@pytest.mark.parametrize("sign", ["", "-", "+"])
def test_integers_of_any_length_are_read_or_left_as_text(sign: str) -> None:
    factor = -1 if sign == "-" else 1
    zeros = f"{sign}{'0' * 9_000}42"
    assert parse_cells([zeros], "integer") == [42 * factor]
    assert parse_cells([f" {sign}{'0' * 9_000} "], "integer") == [0]
    long = sign + "9" * 4_300
    assert parse_cells([long], "integer") == [factor * (10**4_300 - 1)]
    longer = sign + "9" * 4_301
    assert parse_cells([longer], "integer") == [longer]
    assert is_integer(longer)


@given(st.integers(-(1 << 66), 1 << 66))
def test_beyond_64_bits(value: int) -> None:
    assert is_beyond_64_bits(str(value)) == (not -(1 << 63) <= value < 1 << 63)


def test_texts_are_not_beyond_64_bits() -> None:
    assert not is_beyond_64_bits("1.5")
    assert is_beyond_64_bits("-" + "9" * 9_000)


def test_a_file_with_an_endless_integer_is_read(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("a,b\n1,x\n" + "9" * 5_000 + ",y\nz,\n")
    assert read(file)["b"].tolist()[:2] == ["x", "y"]
