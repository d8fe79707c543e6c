"""The read options of a table's files are inferred from their first rows."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pandas as pd
import pytest

from packager.errors import UsageError
from packager.project.table_preview import preview

FRAME = pd.DataFrame({"a, b": [1.5, 2.5] * 20, "c": ["x; y", "z"] * 20, "d": ["p", "q|r"] * 20})


@pytest.mark.parametrize("decimal", [".", ","])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separator_and_decimal_mark_are_found(tmp_path: Path, separator: str, decimal: str) -> None:
    if separator in ",|" and decimal == ",":
        return  # the first is not to be read, the second not looked for
    FRAME.to_csv(tmp_path / "r.csv", sep=separator, decimal=decimal, index=False)
    found = preview(tmp_path / "r.csv")
    assert found.names == ("a, b", "c", "d")
    assert found.rows["a, b"].tolist() == [1.5, 2.5] * 20
    assert found.columns["a, b"].kind == "number"
    assert found.options.get("separator", ",") == separator
    assert found.options.get("decimal", ".") == decimal


def test_a_file_that_needs_no_options_has_none(tmp_path: Path) -> None:
    FRAME.to_parquet(tmp_path / "r.parquet")
    (tmp_path / "one.csv").write_text("only\n1\n2\n")
    assert preview(tmp_path / "r.parquet").options == {}
    assert preview(tmp_path / "one.csv").options == {}


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16"])
def test_another_encoding_is_guessed_and_said(tmp_path: Path, encoding: str) -> None:
    text = "größe;preis\n" + "1,5;süß\n2,5;groß\n" * 20
    (tmp_path / "r.csv").write_bytes(text.encode(encoding))
    found = preview(tmp_path / "r.csv")
    assert found.names == ("größe", "preis")
    assert found.options == {"separator": ";", "decimal": ",", "encoding": encoding}
    line = found.read_line
    assert line.endswith("  # guessed: see whether its letters are right\n")
    assert tomllib.loads(line) == {"read": found.options}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected a header with column names, got an empty file"),
        (b"\x81,b\n1,2\n", "expected CP1252, got byte 0x81"),
    ],
)
def test_what_no_option_reads_is_refused_as_by_a_build(
    tmp_path: Path, content: bytes, message: str
) -> None:
    (tmp_path / "r.csv").write_bytes(content)
    with pytest.raises(UsageError, match=message):
        preview(tmp_path / "r.csv")
