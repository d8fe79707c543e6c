"""JSON with the highest cost per byte, in every place of a request."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import count

from hostile_requests import JSON, Case, Request, Target, filled, joined

JUNK: dict[str, Callable[[int], bytes]] = {
    "deep_lists": lambda n: b"[" * (n // 2) + b"]" * (n // 2),
    "deep_objects": lambda n: filled(b'{"a":', n) + b"1" + b"}" * (n // 5),
    "nested_900": lambda n: (
        b"[" + joined((b"[" * 900 + b"]" * 900 for _ in count()), n, 1800) + b"]"
    ),
    "ones": lambda n: b"[" + filled(b"1,", n) + b"1]",
    "empty_lists": lambda n: b"[" + filled(b"[],", n) + b"[]]",
    "empty_objects": lambda n: b"[" + filled(b"{},", n) + b"{}]",
    "small_objects": lambda n: b"[" + filled(b'{"a":1},', n) + b"{}]",
    "texts": lambda n: b"[" + filled(b'"ab",', n) + b'""]',
    "wide_texts": lambda n: b"[" + filled('"\U0001f600a",'.encode(), n) + b'""]',
    "names": lambda n: b"{" + joined((b'"%06x":1' % i for i in count()), n, 10) + b"}",
    "names_of_objects": lambda n: b"{" + joined((b'"%06x":{}' % i for i in count()), n, 11) + b"}",
    "names_of_texts": lambda n: b"{" + joined((b'"%06x":""' % i for i in count()), n, 11) + b"}",
    "names_spaced": lambda n: b"{" + joined((b'"%06x"  :""' % i for i in count()), n, 13) + b"}",
    "names_in_objects": lambda n: b"[" + joined((b'{"%06x":1}' % i for i in count()), n, 12) + b"]",
    "one_name": lambda n: b"{" + filled(b'"a":1,', n) + b'"a":1}',
    "long_name": lambda n: b'{"' + b"n" * n + b'":1}',
    "long_text": lambda n: b'"' + b"t" * n + b'"',
    "wide_text": lambda n: b'"' + b"t" * n + "\U0001f600".encode() + b'"',
    "escapes": lambda n: b'"' + filled(b'\\"', n) + b'"',
    "unicode_escapes": lambda n: b'"' + filled(b"\\u4e2d", n) + b'"',
    "surrogates": lambda n: b'"' + filled(b"\\ud800", n) + b'"',
    "open_text": lambda n: b'"' + filled(b"\\\\", n),
    "quotes": lambda n: filled(b'"', n),
    "long_integer": lambda n: b"9" * n,
    "integers_of_4300": lambda n: b"[" + filled(b"7" * 4_299 + b",", n) + b"1]",
    "long_decimal": lambda n: b"1." + b"3" * n,
    "decimals_of_100": lambda n: b"[" + filled(b"1." + b"3" * 98 + b",", n) + b"1]",
    "decimals_of_800": lambda n: b"[" + filled(b"1." + b"3" * 798 + b",", n) + b"1]",
    "long_exponent": lambda n: b"1e" + b"0" * n + b"1",
    "spaces": lambda n: b" " * n + b"1",
    "nulls": lambda n: b"[" + filled(b"null,", n) + b"1]",
    "not_utf8": lambda n: b'"' + b"a" * n + b'\xff"',
    "colons": lambda n: b'"' + filled(b":", n) + b'"',
}
"""Name → function that makes JSON of about n bytes, some of it invalid."""


def frames(target: Target) -> dict[str, tuple[str, Callable[[bytes], bytes]]]:
    """Name → path and function that wraps junk into a request body."""
    row, name = dict(target.row), next(iter(target.row))
    dumped = json.dumps(row)[:-1].encode()
    other = json.dumps({k: v for k, v in row.items() if k != name})[:-1].encode()
    first = json.dumps(name).encode()
    return {
        "predict": ("/predict", lambda junk: junk),
        "predict_rows": ("/predict", lambda junk: b'{"rows":%s}' % junk),
        "predict_value": ("/predict", lambda junk: b'{"rows":[%s,%s:%s}]}' % (other, first, junk)),
        "predict_unknown": ("/predict", lambda junk: b'{"rows":[%s,"x":%s}]}' % (dumped, junk)),
        "invocations": ("/invocations", lambda junk: junk),
        "records": ("/invocations", lambda junk: b'{"dataframe_records":%s}' % junk),
        "split_columns": (
            "/invocations",
            lambda junk: b'{"dataframe_split":{"columns":%s,"data":[]}}' % junk,
        ),
        "split_data": (
            "/invocations",
            lambda junk: b'{"dataframe_split":{"columns":["a"],"data":%s}}' % junk,
        ),
        "inputs": ("/invocations", lambda junk: b'{"inputs":%s}' % junk),
        "instances": ("/invocations", lambda junk: b'{"instances":%s}' % junk),
        "params": ("/invocations", lambda junk: b'{"instances":[],"params":%s}' % junk),
        "infer": (target.infer, lambda junk: junk),
        "infer_inputs": (target.infer, lambda junk: b'{"inputs":%s}' % junk),
        "infer_id": (target.infer, lambda junk: b'{"id":%s,"inputs":[]}' % junk),
        "infer_outputs": (target.infer, lambda junk: b'{"outputs":%s,"inputs":[]}' % junk),
        "infer_name": (target.infer, lambda junk: b'{"inputs":[{"name":%s}]}' % junk),
        "infer_shape": (
            target.infer,
            lambda junk: b'{"inputs":[{"name":"a","datatype":"FP64","shape":%s}]}' % junk,
        ),
        "infer_data": (
            target.infer,
            lambda junk: (
                b'{"inputs":[{"name":"a","datatype":"FP64","shape":[1],"data":%s}]}' % junk
            ),
        ),
        "feedback": ("/feedback", lambda junk: junk),
        "feedback_token": ("/feedback", lambda junk: b'[{"token":%s}]' % junk),
        "feedback_actual": ("/feedback", lambda junk: b'[{"token":"a","actual":%s}]' % junk),
    }


def junk_cases(target: Target) -> Iterator[tuple[str, Case]]:
    """Every kind of junk in every place."""
    for place, (path, around) in frames(target).items():
        for kind, junk in JUNK.items():
            yield f"{place}/{kind}", _junk(path, around, junk)


def _junk(path: str, around: Callable[[bytes], bytes], junk: Callable[[int], bytes]) -> Case:
    return lambda _, size: Request(path, around(junk(size)), JSON)
