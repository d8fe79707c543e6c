"""Arrays, bytes and lists through a server: every protocol, hostile values, memory."""

from __future__ import annotations

import base64
import http.client
import json
import random
import re
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tritonclient.http as triton
from serving_helpers import Package, Server, lay_out, make_manifest
from tritonclient.utils import InferenceServerException, triton_to_np_dtype

from packager.manifest.manifest import Column, Schema, Serve

pytestmark = pytest.mark.server

MODEL = """
class Predictor:
    classes_ = ["even", "odd"]

    @classmethod
    def load(cls, path):
        return cls()

    def predict(self, frame):
        found = []
        for pixels, picture, tags in zip(frame["pixels"], frame["picture"], frame["tags"]):
            assert pixels.shape == (2, 3) and pixels.dtype == "float32", pixels
            assert not pixels.flags.writeable
            size = len(picture) if isinstance(picture, bytes) else 0
            found.append(int(pixels.sum()) + size + (len(tags) if isinstance(tags, list) else 0))
        return [self.classes_[one % 2] for one in found]
"""
FEATURES = (
    Column(name="pixels", kind="array", dtype="object", nullable=False, shape=(2, 3),
           element="float32", minimum=0.0, maximum=9.0, refuses=("null",)),
    Column(name="picture", kind="bytes", dtype="object", nullable=True),
    Column(name="tags", kind="list", dtype="object", nullable=True, element="string"),
)  # fmt: skip
PIXELS = [[1, 2, 3], [4, 5, 6]]
PNG = b"\x89PNG\x00\xff"
ROW = {"pixels": PIXELS, "picture": base64.b64encode(PNG).decode(), "tags": ["a", None]}
ANSWER = ["odd", "even"][(21 + len(PNG) + 2) % 2 == 0]
CODES = {
    "/predict": {
        400: {"unreadable_json"},
        413: {"too_large"},
        422: {"malformed_request", "invalid_row"},
    }
}
INFER = "/v2/models/diamonds/infer"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, start_shared: Callable[..., Server]) -> Server:
    root = tmp_path_factory.mktemp("nested")
    schema = Schema(features=FEATURES, classes=("even", "odd"))
    serve = Serve(predictor="nested:Predictor", compile="off", workers=1, strict=False)
    lay_out(root)
    (root / "code" / "nested.py").write_text(MODEL)
    (root / "models" / "model").write_text("nothing is read from here")
    made = Package(root, make_manifest(schema, serve=serve), frame=None, model=None)  # type: ignore[arg-type]
    return start_shared(made)


def post(server: Server, path: str, body: bytes, **headers: str) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request("POST", path, body, {"Content-Type": "application/json", **names})
    reply = connection.getresponse()
    found = reply.status, json.loads(reply.read())
    connection.close()
    return found


def predicted(server: Server, *rows: Any) -> tuple[int, Any]:
    return post(server, "/predict", json.dumps({"rows": rows}).encode())


def test_the_same_row_gets_the_same_answer_in_every_protocol(served: Server) -> None:
    status, found = predicted(served, ROW, {**ROW, "pixels": [[0, 0, 0], [0, 0, 10]]})
    assert status == 200, found
    assert found["predictions"][0]["prediction"] == ANSWER
    assert found["predictions"][1]["flags"] == ["pixels:out_of_range"]
    for body in ({"instances": [ROW]}, {"inputs": {name: [cell] for name, cell in ROW.items()}}):
        assert post(served, "/invocations", json.dumps(body).encode()) == (
            200,
            {"predictions": [ANSWER]},
        )


@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("datatype", ["FP16", "FP32", "FP64", "UINT8", "INT64"])
@pytest.mark.parametrize("shape", [[1, 2, 3], [1, 6]])
def test_tritonclient_sends_tensors_of_any_rank_and_datatype(
    served: Server, binary: bool, datatype: str, shape: list[int]
) -> None:
    if datatype == "FP16" and not binary:
        pytest.skip("JSON has no FP16: tritonclient refuses it")
    dtype = triton_to_np_dtype(datatype)
    picture = PNG if binary else base64.b64encode(PNG)
    cells = [
        ("pixels", np.array(PIXELS, dtype).reshape(shape), datatype),
        ("picture", np.array([picture], object), "BYTES"),
        ("tags", np.array([b'["a", null]'], object), "BYTES"),
    ]
    inputs = [
        triton.InferInput(name, list(values.shape), kind).set_data_from_numpy(
            values, binary_data=binary
        )
        for name, values, kind in cells
    ]
    with triton.InferenceServerClient(f"127.0.0.1:{served.port}") as client:
        found = client.infer("diamonds", inputs).as_numpy("prediction")
        assert found.tolist() == [ANSWER.encode()]
        described = client.get_model_metadata("diamonds")["inputs"]
        assert [one["shape"] for one in described] == [[-1, 2, 3], [-1], [-1]]
        assert [one["datatype"] for one in described] == ["FP32", "BYTES", "BYTES"]
        inputs[0] = triton.InferInput("pixels", [], "FP32")
        inputs[0].set_data_from_numpy(np.array(1, np.float32))
        with pytest.raises(InferenceServerException, match="1 to 32 dimensions"):
            client.infer("diamonds", inputs)


ATOMS: list[Any] = [
    0, 1, -1, 0.5, 1e39, 1e308, 2**53 + 1, 2**64, -(2**70), True, None, "1", "", "é", [], {}, [[]],
    float("nan"), float("inf"),
]  # fmt: skip


def some_value(source: random.Random, depth: int = 0) -> Any:
    if depth < 4 and source.random() < 0.5:
        return [some_value(source, depth + 1) for _ in range(source.choice((0, 1, 2, 3, 3, 7)))]
    return source.choice(ATOMS)


def near(source: random.Random) -> dict[str, Any]:
    """A row that is almost right."""
    row: dict[str, Any] = json.loads(json.dumps(ROW))
    match source.randrange(6):
        case 0:
            row["pixels"][source.randrange(2)][source.randrange(3)] = source.choice(ATOMS)
        case 1:
            row["pixels"] = [row["pixels"][0][: source.randrange(4)]] * source.randrange(4)
        case 2:
            text = row["picture"]
            row["picture"] = text[: source.randrange(len(text))] + source.choice(("", "=", "\n"))
        case 3:
            row["tags"] = [source.choice(ATOMS), *row["tags"]]
        case 4:
            row[source.choice(list(ROW))] = some_value(source)
        case 5:
            row["pixels"] = np.zeros([1] * source.randrange(40)).tolist()
    return row


def assert_documented(server: Server, path: str, body: bytes, **headers: str) -> int:
    status, found = post(server, path, body, **headers)
    if status == 200:
        return status
    if path == "/predict":
        assert found["error"]["code"] in CODES[path][status], (body[:300], found)
    else:
        assert status in (400, 413, 422), (body[:300], found)
        assert set(found) <= {"error", "error_code", "message"}
    return status


def test_any_values_get_an_answer_or_a_documented_error(served: Server) -> None:
    source, seen = random.Random(17), set()
    for turn in range(240):
        row = near(source)
        rows = [ROW, row][turn % 2 :]
        seen.add(assert_documented(served, "/predict", json.dumps({"rows": rows}).encode()))
        form = source.choice(("instances", "inputs", "dataframe_records"))
        body = json.dumps({form: [row] if turn % 3 else some_value(source)}).encode()
        assert_documented(served, "/invocations", body)
    assert seen == {200, 422}
    assert predicted(served, ROW)[0] == 200
    assert " 500" not in served.log.read_text()


DATATYPES = ["FP16", "FP32", "FP64", "BF16", "UINT8", "INT64", "UINT64", "BOOL", "BYTES", "FP8"]
EXTENTS = [0, 1, 2, 3, 6, 7, -1, 1 << 40, 1 << 62, True, 1.0, None]


def tensor_of(source: random.Random, name: str, raw: list[bytes]) -> dict[str, Any]:
    shape = source.choice(
        ([1, 2, 3], [1, 6], [2, 2, 3], [], [1] * 33, [source.choice(EXTENTS) for _ in range(3)])
    )
    found: dict[str, Any] = {"name": name, "shape": shape, "datatype": source.choice(DATATYPES)}
    if source.random() < 0.5:
        part = source.randbytes(source.choice((0, 1, 6, 12, 24, 48, 100)))
        size = len(part) + source.choice((0, 0, 0, 1, -1, 1 << 41))
        found["parameters"] = {"binary_data_size": size}
        raw.append(part)
    else:
        found["data"] = source.choice(
            (PIXELS, [PIXELS], np.ravel(PIXELS).tolist(), some_value(source))
        )
    return found


def test_any_tensors_get_an_answer_or_a_documented_error(served: Server) -> None:
    source = random.Random(29)
    good = [
        {"name": "picture", "shape": [1], "datatype": "BYTES", "data": [ROW["picture"]]},
        {"name": "tags", "shape": [1], "datatype": "BYTES", "data": ["[]"]},
    ]
    seen: set[int] = set()
    for _ in range(300):
        raw: list[bytes] = []
        changed = source.choice(("pixels", "pixels", "picture", "tags"))
        others = [
            {"name": "pixels", "shape": [1, 2, 3], "datatype": "FP32", "data": [PIXELS]},
            *good,
        ]
        inputs = [one for one in others if one["name"] != changed]
        inputs.insert(0, tensor_of(source, changed, raw))
        text = json.dumps({"inputs": inputs}).encode()
        size = {"Inference_Header_Content_Length": str(len(text))}
        seen.add(assert_documented(served, INFER, text + b"".join(raw), **size))
    assert {200, 422} <= seen <= {200, 400, 413, 422}
    assert predicted(served, ROW)[0] == 200
    assert " 500" not in served.log.read_text()


def descendants(pid: int) -> list[int]:
    """The processes of a server."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parents[int(folder.name)] = int(
                (folder / "stat").read_text().rpartition(")")[2].split()[1]
            )
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


def in_kb(pid: int, name: str) -> int:
    (found,) = re.findall(rf"{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found) * 1024


def growth(server: Server, ask: Callable[[], Any]) -> list[int]:
    """How many bytes more each process of the server had at most during a call than before."""
    pids = descendants(server.process.pid)
    for pid in pids:
        Path(f"/proc/{pid}/clear_refs").write_text("5")  # forget the peak
    before = {pid: in_kb(pid, "VmRSS") for pid in pids}
    ask()
    return [in_kb(pid, "VmHWM") - before[pid] for pid in pids]


def repeated(ask: Callable[[], object], times: int) -> None:
    for _ in range(times):
        ask()


@pytest.mark.parametrize("form", ["json", "binary"])
def test_pictures_of_many_megabytes_are_not_copied_five_times(served: Server, form: str) -> None:
    size = 11 << 20
    picture = bytes(size)
    if form == "json":
        body = json.dumps({"rows": [{**ROW, "picture": base64.b64encode(picture).decode()}]})
        asked, path, headers = body.encode(), "/predict", {}
    else:
        raw = len(picture).to_bytes(4, "little") + picture
        inputs = [
            {"name": "pixels", "shape": [1, 2, 3], "datatype": "FP32", "data": [PIXELS]},
            {"name": "picture", "shape": [1], "datatype": "BYTES",
             "parameters": {"binary_data_size": len(raw)}},
            {"name": "tags", "shape": [1], "datatype": "BYTES", "data": ["[]"]},
        ]  # fmt: skip
        text = json.dumps({"inputs": inputs}).encode()
        asked, path = text + raw, INFER
        headers = {"Inference_Header_Content_Length": str(len(text))}
    ask = lambda: post(served, path, asked, **headers)  # noqa: E731
    assert predicted(served, ROW)[0] == 200
    assert len(growth(served, ask)) == 3  # supervisor, worker, model
    for several in (1, 6):
        # The least of a few: what else a process allocates meanwhile only adds.
        run = partial(repeated, ask, several)
        grown = min((growth(served, run) for _ in range(3)), key=sum)
        assert sum(grown) < 5 * len(asked), [round(one / len(asked), 2) for one in grown]
