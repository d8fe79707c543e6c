"""The page on the stream to the model host says what the code does, and its client works."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from modelhost import columns, connection, request_queue, serve, wire
from modelhost.columns import ColumnSpec, encode_values
from modelhost.session import HostSession
from packager.manifest.base import Kind
from serving.prediction import model_connection, native_model

TOP = Path(__file__).parent.parent
PAGE = (TOP / "docs" / "model-host-stream.md").read_text(encoding="utf-8")
EXAMPLE = PAGE.partition("## An example\n")[2]
BLOCKS = re.findall(r"^`(\S+)`.*?\n```\w+\n(.*?)^```", EXAMPLE, re.DOTALL | re.MULTILINE)
MIB = 1 << 20
VALUES = {
    "number": 0.5,
    "integer": 3,
    "boolean": True,
    "string": "a",
    "datetime": 5,
    "date": "2020-01-01",
    "time": "12:00:00",
    "decimal": "1.5",
    "bytes": b"a",
    "array": [1.0, 2.0],
    "list": ["a"],
    "any": "a",
}


def rows_of(heading: str) -> list[list[str]]:
    """The cells of the first table below ``heading``, without its head."""
    table = PAGE.partition(f"## {heading}\n")[2].partition("\n|")[2].partition("\n\n")[0]
    lines = [line.strip().strip("|") for line in table.splitlines()[2:]]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)] for line in lines]


def test_the_client_of_the_page_is_answered_by_a_model_host(tmp_path: Path) -> None:
    assert [name for name, _ in BLOCKS] == ["served.py", "spec.json", "client.py"]
    for name, content in BLOCKS:
        (tmp_path / name).write_text(content, encoding="utf-8")
    assert len(dict(BLOCKS)["client.py"].split("\n")) < 45
    done = subprocess.run(
        [sys.executable, "client.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(TOP)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.returncode) == ("[900.0, 350.0]\n", 0), done.stderr
    assert "`[900.0, 350.0]`" in PAGE


@pytest.mark.parametrize("kind", Kind.__args__)  # type: ignore[attr-defined]
def test_a_kind_of_column_is_sent_in_the_form_that_the_page_names(kind: str) -> None:
    told = PAGE.partition("| kind | values in `json` |")[2].partition("\n\n")[0]
    (line,) = [one for one in told.splitlines() if f"`{kind}`" in one.split("|")[1:2][0]] or [""]
    spec = ColumnSpec("x", kind, "object", None, (2,), "<f8" if kind == "array" else "string")
    rows = columns.MAX_INLINE_ROWS + 1
    made = encode_values([[VALUES[kind]] * rows], [spec], rows).described[0]
    forms = re.findall(r"`(\w+)`", line.split("|", 3)[3])
    assert made["as"] in forms
    if made["as"] == "array":
        assert made["type"].lstrip("<|") in line
    few = encode_values([[VALUES[kind]]], [spec], 1).described[0]
    assert few["as"] == (made["as"] if kind in ("array", "bytes", "list") else "json")


def test_the_forms_of_columns_are_those_of_the_page() -> None:
    told = {row[0].strip("`") for row in rows_of("Columns")}
    documented = (columns.__doc__ or "").partition("null\n")[2]
    assert told == set(re.findall(r"^    (\w+) ", documented, re.MULTILINE))


def test_the_limits_are_those_of_the_code() -> None:
    limits = {row[0]: row[1] for row in rows_of("Limits")}
    assert limits["header"] == f"{wire.MAX_HEADER_BYTES // MIB} MiB"
    assert wire.MAX_PAYLOAD_BYTES == 1 << 40
    assert f"servers set {native_model.MAX_REQUEST_BYTES // MIB} MiB" in limits["payload"]
    assert limits["payload of an answer to a worker"] == (
        f"{model_connection.MAX_ANSWER_BYTES // MIB} MiB"
    )
    assert limits["buffers of a message"] == f"{wire.MAX_BUFFERS:,}"
    assert limits["connections of `serve`"] == f"{serve.MAX_CONNECTIONS:,}"
    assert f"{request_queue.MAX_WAITING_BYTES // MIB} MiB" in limits["requests that wait"]
    assert f"{request_queue.MAX_BATCH_BYTES // MIB} MiB" in limits["batch"]
    assert connection.MAX_UNSENT_BYTES == 1 << 30


def test_versions_and_verbs_are_those_of_the_code() -> None:
    assert serve.VERSION == model_connection.VERSION == 2
    assert wire.MAGIC == b"MHW1"
    work = PAGE.partition("## Work\n")[2].partition("An answer has")[0]
    assert set(re.findall(r"`([a-z]+)`", work)) - {"work"} == set(HostSession()._verbs)
    told = re.findall(r"^\| `([a-z]+)` \| `id`", PAGE, re.MULTILINE)
    assert set(told) == set(re.findall(r'"verb": "(\w+)"', serve.__doc__ or ""))
