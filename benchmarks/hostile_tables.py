"""Tables, tensors, labels and heads with the highest cost per byte."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

from hostile_requests import CSV, DATATYPES, HEAD_BYTES, JSON, Case, Request, Target, filled, joined


def rows(target: Target, size: int, **changed: Any) -> bytes:
    """Rows of about ``size`` bytes in total."""
    row = json.dumps({**target.row, **changed}, separators=(",", ":")).encode()
    return filled(row + b",", size) + row


def lists(target: Target, size: int) -> bytes:
    row = json.dumps(list(target.row.values()), separators=(",", ":")).encode()
    return filled(row + b",", size) + row


def far(target: Target) -> dict[str, Any]:
    """A row whose numbers are far out of every range."""
    return {n: 123_456 for n, kind in target.kinds.items() if kind in ("number", "integer")}


def csv_lines(target: Target, line: bytes, size: int) -> bytes:
    return ",".join(target.row).encode() + b"\n" + filled(line, size)


def csv_row(target: Target, **changed: str) -> bytes:
    cells = {name: "" if cell is None else str(cell) for name, cell in target.row.items()}
    return ",".join({**cells, **changed}.values()).encode() + b"\n"


def numeric(target: Target) -> str:
    return next((n for n, k in target.kinds.items() if k in ("number", "integer")), "")


def tensors(target: Target, size: int) -> list[dict[str, Any]]:
    """Input tensors with equal numbers of rows, of about ``size`` bytes in total."""
    many = max(1, size // len(json.dumps(list(target.row.values()))))
    return [
        {
            "name": name,
            "datatype": DATATYPES.get(target.kinds[name], "BYTES"),
            "shape": [many],
            "data": [cell] * many,
        }
        for name, cell in target.row.items()
    ]


def infer(target: Target, document: Any) -> Request:
    return Request(target.infer, json.dumps(document, separators=(",", ":")).encode(), JSON)


def raw(target: Target, datatype: str, element: bytes, size: int, shape: list[int]) -> Request:
    body = filled(element, size)
    entry = {"name": "x", "datatype": datatype, "shape": shape}
    entry["parameters"] = {"binary_data_size": len(body)}
    head = json.dumps({"inputs": [entry]}).encode()
    headers = {"Inference-Header-Content-Length": str(len(head))}
    return Request(target.infer, head + body, headers)


def empty_inputs(n: int, **more: Any) -> list[dict[str, Any]]:
    return [
        {"name": f"{i:x}", "shape": [1], "datatype": "BOOL", "data": [None], **more}
        for i in range(n)
    ]


TABLES: dict[str, Case] = {
    "predict/rows": lambda t, n: Request("/predict", b'{"rows":[%s]}' % rows(t, n), JSON),
    "predict/far_rows": lambda t, n: Request(
        "/predict", b'{"rows":[%s]}' % rows(t, n, **far(t)), JSON
    ),
    "predict/wrong_last": lambda t, n: Request("/predict", b'{"rows":[%s,{}]}' % rows(t, n), JSON),
    "predict/texts_for_numbers": lambda t, n: Request(
        "/predict", b'{"rows":[%s]}' % rows(t, n, **{numeric(t): "1"}), JSON
    ),
    "predict/chunks_of_one": lambda t, n: Request(
        "/predict", b'{"rows":[%s]}' % rows(t, n // 6), JSON, chunk=1
    ),
    "records/rows": lambda t, n: Request(
        "/invocations", b'{"dataframe_records":[%s]}' % rows(t, n), JSON
    ),
    "split/rows": lambda t, n: Request(
        "/invocations",
        b'{"dataframe_split":{"columns":%s,"data":[%s]}}'
        % (json.dumps(list(t.row)).encode(), lists(t, n)),
        JSON,
    ),
    "instances/rows": lambda t, n: Request(
        "/invocations", b'{"instances":[%s]}' % lists(t, n), JSON
    ),
    "csv/rows": lambda t, n: Request("/invocations", csv_lines(t, csv_row(t), n), CSV),
    "csv/far_rows": lambda t, n: Request(
        "/invocations", csv_lines(t, csv_row(t, **{k: str(v) for k, v in far(t).items()}), n), CSV
    ),
    "csv/commas": lambda _, n: Request("/invocations", b"," * n, CSV),
    "csv/newlines": lambda _, n: Request("/invocations", b"\n" * n, CSV),
    "csv/returns": lambda _, n: Request("/invocations", b"\r" * n, CSV),
    "csv/empty_rows": lambda t, n: Request("/invocations", csv_lines(t, b"\n", n), CSV),
    "csv/quotes": lambda t, n: Request("/invocations", csv_lines(t, b'"', n), CSV),
    "csv/quoted_quotes": lambda _, n: Request("/invocations", b'"' + filled(b'""', n), CSV),
    "csv/digits": lambda t, n: Request(
        "/invocations",
        csv_lines(t, csv_row(t, **{numeric(t): "1" * min(n, 131_000) + "x"}), n),
        CSV,
    ),
    "csv/spaces": lambda t, n: Request(
        "/invocations",
        csv_lines(t, csv_row(t, **{numeric(t): " " * min(n, 131_000) + "x"}), n),
        CSV,
    ),
    "csv/integer": lambda t, n: Request(
        "/invocations", csv_lines(t, csv_row(t, **{numeric(t): "9" * min(n, 131_000)}), n), CSV
    ),
    "csv/exponent": lambda t, n: Request(
        "/invocations",
        csv_lines(t, csv_row(t, **{numeric(t): "1e" + "0" * min(n, 131_000) + "x"}), n),
        CSV,
    ),
    "csv/integers_of_4000": lambda t, n: Request(
        "/invocations", csv_lines(t, csv_row(t, **{numeric(t): "9" * 4_000}), n), CSV
    ),
    "csv/one_cell": lambda _, n: Request("/invocations", b"a" * n, CSV),
    "csv/wide_text": lambda _, n: Request("/invocations", b"a" * n + "\U0001f600\r".encode(), CSV),
    "csv/header": lambda _, n: Request(
        "/invocations",
        joined((b"%x" % i for i in count()), n, 5) + b"\n1\n",
        {"Content-Type": "text/csv; header=present"},
    ),
    "csv/not_utf8": lambda _, n: Request("/invocations", b"a,b\n" * (n // 4) + b"\xff", CSV),
    "infer/rows": lambda t, n: infer(t, {"inputs": tensors(t, n)}),
    "infer/binary_output": lambda t, n: infer(
        t, {"inputs": tensors(t, n), "parameters": {"binary_data_output": True}}
    ),
    "infer/outputs": lambda t, n: infer(
        t, {"inputs": tensors(t, n // 2), "outputs": [{"name": "flags"}] * (n // 40)}
    ),
    "infer/inputs": lambda t, n: infer(t, {"inputs": empty_inputs(n // 60)}),
    "infer/ignored_inputs": lambda t, n: infer(
        t, {"inputs": [*tensors(t, n // 2), *empty_inputs(n // 120)]}
    ),
    "infer/equal_inputs": lambda t, n: infer(t, {"inputs": empty_inputs(n // 60, name="a")}),
    "infer/long_names": lambda t, n: infer(
        t, {"inputs": empty_inputs(1, name="n" * (n // 2)) + empty_inputs(1, name="n" * (n // 2))}
    ),
    "infer/nested": lambda t, n: infer(
        t,
        {
            "inputs": [
                {"name": "x", "shape": [n // 4, 1], "datatype": "FP32", "data": [[1]] * (n // 4)}
            ]
        },
    ),
    "infer/large_shape": lambda t, _: infer(
        t, {"inputs": [{"name": "x", "shape": [10**12, 0], "datatype": "BOOL", "data": []}]}
    ),
    "infer/larger_shape": lambda t, n: Request(
        t.infer,
        b'{"inputs":[{"name":"x","shape":[%s,%s],"datatype":"BOOL","data":[]}]}'
        % (b"9" * min(n, 4_000), b"9" * min(n, 4_000)),
        JSON,
    ),
    "raw/booleans": lambda t, n: raw(t, "BOOL", b"\1", n, [n, 1]),
    "raw/floats": lambda t, n: raw(t, "FP32", b"\0\0\0\0", n, [n // 4, 1]),
    "raw/halves": lambda t, n: raw(t, "FP16", b"\0\0", n, [n // 8, 4]),
    "raw/empty_texts": lambda t, n: raw(t, "BYTES", b"\0\0\0\0", n, [n // 4]),
    "feedback/labels": lambda _, n: Request(
        "/feedback",
        b"[" + filled(b'{"token":"%s","actual":"a"},' % (b"A" * 64), n) + b"{}]",
        JSON,
    ),
    "feedback/tokens": lambda _, n: Request(
        "/feedback", b"[" + filled(b'{"token":""},', n) + b"{}]", JSON
    ),
}
"""Cases of tables and tensors, most of them valid; some have expensive cells in long rows."""

HEADS: dict[str, Case] = {
    "head/content_type": lambda _, n: head(n, "Content-Type", 'text/csv;"' + ";" * n),
    "head/content_type_pairs": lambda _, n: head(n, "Content-Type", "text/csv" + ';a="' * (n // 4)),
    "head/content_type_escapes": lambda _, n: head(n, "Content-Type", 'text/csv;a="' + "\\" * n),
    "head/json_length": lambda t, n: Request(
        t.infer, b"{}", {"Inference-Header-Content-Length": "9" * min(n, HEAD_BYTES)}
    ),
    "head/request_id": lambda _, n: head(n, "X-Request-ID", "a" * n),
    "head/traceparent": lambda _, n: head(n, "traceparent", "00-" + "a" * n),
    "head/traceparent_rest": lambda _, n: head(
        n, "traceparent", f"00-{'a' * 32}-{'b' * 16}-00-" + "-" * n
    ),
    "head/authorization": lambda _, n: head(n, "Authorization", "Bearer " + " " * n),
    "head/encoding": lambda _, n: head(n, "Content-Encoding", "gzip," * (n // 5)),
    "head/upgrade": lambda _, n: head(n, "Connection", "upgrade," * (n // 8), Upgrade="h2c"),
    "head/cookie": lambda _, n: head(n, "Cookie", "a=b;" * (n // 4)),
    "head/many": lambda _, n: Request(
        "/predict", b"{}", {f"X-{i}": "" for i in range(min(n, HEAD_BYTES) // 10)}
    ),
    "head/query": lambda _, n: Request("/predict?" + "a&" * (min(n, HEAD_BYTES) // 2), b"{}"),
    "head/query_get": lambda _, n: Request(
        "/livez?" + "a=%41&" * (min(n, HEAD_BYTES) // 6), b"", method="GET"
    ),
    "head/path": lambda _, n: Request("/" + "%41" * (min(n, HEAD_BYTES) // 3), b"", method="GET"),
    "head/slashes": lambda _, n: Request("/" * min(n, HEAD_BYTES), b"", method="GET"),
}
"""Cases of request heads, which are small for any requested size."""


def head(n: int, name: str, value: str, **more: str) -> Request:
    """A request with one long header."""
    return Request("/invocations", b"1", {name: value[: min(n, HEAD_BYTES)], **more})
