"""Text read in a wrong encoding, and text in another script."""

from __future__ import annotations

import pandas as pd
import pytest

from packager.data.checks.encodings import encoding, mixed_script
from packager.data.checks.table import table_of

PLAIN = [f"größere Städte, Nummer {n}" for n in range(40)]


@pytest.mark.parametrize(
    ("text", "score", "told"),
    [
        ("caf\ufffd au lait", 0.95, "1 replacement characters"),
        ("größer".encode().decode("cp1252"), 0.9, "'größer' read as cp1252"),
        ("“quoted”".encode().decode("latin-1"), 0.9, "'“quoted”' read as latin-1"),
        ("привет".encode().decode("cp1251"), 0.9, "'привет' read as cp1251"),
        ("a\x00b", 0.7, "control character '\\x00'"),
        ("é\x02b", 0.7, "control character '\\x02'"),
    ],
)
def test_a_wrong_encoding(text, score, told):
    (found,) = encoding(table_of(pd.DataFrame({"x": [*PLAIN, text]})))
    assert (found.rows.tolist(), found.score) == ([40], score)
    assert told in found.observed[0]


@pytest.mark.parametrize(
    "text", ["größer", "São Paulo", "Ângela", "Привет", "naïve café", "tab\tline\n", "漢字", "Â"]
)
def test_ordinary_text_is_not_reported(text):
    assert list(encoding(table_of(pd.DataFrame({"x": [*PLAIN, text]})))) == []


def test_few_texts_in_another_script():
    (found,) = mixed_script(table_of(pd.DataFrame({"x": [*PLAIN, "совсем другой текст", "??"]})))
    assert (found.rows.tolist(), found.observed) == ([40], ["Cyrillic"])
    half = [text for one in PLAIN for text in (one, f"совсем другой текст {one[-2:]}")]
    assert list(mixed_script(table_of(pd.DataFrame({"x": half})))) == []
