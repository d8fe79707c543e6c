"""Measures what reading and writing a V2 request of one row cost, in one process without a socket.

    python benchmarks/v2_path.py [--passes 60]

A model of one array of 784 float32 and ten classes, as a raw tensor and as JSON; a model of 14
columns, as a tensor for each column in JSON and as raw tensors. Prints microseconds of processor
time, the least of all passes: by the whole document and by tensors, then as the server does it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "support"))

import numpy as np
from bare_package import bare_manifest
from hot_path import least

from packager.data.rows.request_rows import RowChecker
from packager.manifest.evaluation import Compilation
from packager.manifest.manifest import Column, Schema
from serving.prediction.fast_rows import FastRows
from serving.protocols.protocol import ScoredRows
from serving.protocols.v2 import Infer
from serving.protocols.v2_tensors import JSON_SIZE

BODIES, SIZE, CLASSES = 40, 784, 10
Body = tuple[bytes, Mapping[bytes, bytes]]


def schemas() -> dict[str, Schema]:
    """Schemas by name."""
    classes = tuple(f"class {at}" for at in range(CLASSES))
    array = Column(
        name="pixels", kind="array", dtype="float32", nullable=False, shape=(SIZE,),
        element="float32", minimum=0.0, maximum=1.0,
    )  # fmt: skip
    ranged: dict[str, Any] = {"dtype": "float64", "nullable": False, "minimum": 0.0, "maximum": 1.0}
    columns = [Column(name=f"number {at}", kind="number", **ranged) for at in range(6)]
    columns += [
        Column(name=f"text {at}", kind="string", dtype="object", nullable=False, categories=("a",))
        for at in range(8)
    ]
    return {
        "array": Schema(features=(array,), classes=classes),
        "14 columns": Schema(features=tuple(columns), classes=classes),
    }


def bodies(schema: Schema, *, raw: bool) -> list[Body]:
    """Requests of one row."""
    random = np.random.default_rng(7)
    return [_body(schema, random, raw=raw) for _ in range(BODIES)]


def _body(schema: Schema, random: np.random.Generator, *, raw: bool) -> Body:
    inputs, content = [], b""
    for column in schema.features:
        shape = [1, *(column.shape or ())]
        datatype = {"array": "FP32", "number": "FP64"}.get(column.kind, "BYTES")
        values = random.random(shape).round(3)
        entry: dict[str, Any] = {"name": column.name, "shape": shape, "datatype": datatype}
        part = b"\x01\0\0\0a"
        if datatype != "BYTES":
            part = values.astype("<f4" if datatype == "FP32" else "<f8").tobytes()
        data = ["a"] if datatype == "BYTES" else values.ravel().tolist()
        entry |= {"parameters": {"binary_data_size": len(part)}} if raw else {"data": data}
        inputs.append(entry)
        content += part if raw else b""
    head = json.dumps({"inputs": inputs, "parameters": {"binary_data_output": raw}}).encode()
    return head + content, {JSON_SIZE: str(len(head)).encode()} if raw else {}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--passes", type=int, default=60)
    passes = parser.parse_args().passes
    print("| µs a request | read: document | read | write: tensors | write |")
    print("|---|---|---|---|---|")
    for name, schema in schemas().items():
        for raw in (True, False):
            manifest = bare_manifest(name.replace(" ", "-"), schema, _OFF, workers=1)
            infer, fast = Infer(manifest), FastRows(schema, RowChecker(schema))
            found = bodies(schema, raw=raw)

            def exact(body: Body, infer: Infer = infer) -> Any:
                size = int(body[1].get(JSON_SIZE, len(body[0])))
                return infer.exact_rows(body[0][:size], memoryview(body[0])[size:])

            def usual(body: Body, infer: Infer = infer) -> Any:
                return infer.rows(*body)

            def checked(read: Callable[[Body], Any], fast: FastRows = fast) -> Callable[..., Any]:
                return lambda body: fast.check(read(body)[0])

            context = usual(found[0])[1]
            answer = fast.check(usual(found[0])[0])
            assert answer is not None
            scored = [
                ScoredRows(answer, ["class 1"], [[0.1] * CLASSES], schema.classes, ["x" * 64])
            ]
            times = (
                least(checked(exact), found, passes),
                least(checked(usual), found, passes),
                least(lambda one, c=context, i=infer: i.exact_body(c, one), scored, passes),
                least(lambda one, c=context, i=infer: i.body(c, one), scored, passes),
            )
            cells = " | ".join(f"{one:.1f}" for one in times)
            print(f"| {name}, {'raw' if raw else 'JSON'} | {cells} |", flush=True)


_OFF = Compilation(verdict="off")

if __name__ == "__main__":
    main()
