"""How near the server comes to its ceiling: uvicorn, orjson and the model compiled by hand.

    python benchmarks/ceiling.py [--seconds 5] [--workers 1] [--without-feedback]

Makes a data set of 50,000 rows and 14 columns, trains a pipeline on it (standard scaler, one-hot,
logistic regression), compiles it as a build would, and drives three servers with ``wrk``, one
after the other: a bare ASGI callable with the model as dictionaries and a dot product, without
validation or metrics; this project's server with the compiled form; and with the native model.
Needs ``wrk``. CPU is what the serving processes used, from /proc.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from monitoring.stats.binning import build_profile
from packager.data.frames import infer_columns
from packager.manifest.base import FileEntry
from packager.manifest.evaluation import Compiled, Golden, NumericalEnvironment
from packager.manifest.manifest import Manifest, Schema, Serve, Slices
from packager.model.model import LoadedModel
from packager.worker.compile.compile import compile_model

TOP = Path(__file__).resolve().parents[1]
ROWS, NUMBERS, TEXTS = 50_000, 6, 8

CEILING = """
import json, math, orjson
from pathlib import Path
model = json.loads(Path({path!r}).read_text())
numbers = [(n, m, s, w) for n, m, s, w in model["numbers"]]
texts = [(n, t) for n, t in model["texts"]]
bias, classes = model["bias"], model["classes"]

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            kind = (await receive())["type"]
            await send({{"type": kind + ".complete"}})
            if kind == "lifespan.shutdown":
                return
    body = b""
    while True:
        message = await receive()
        body += message["body"]
        if not message["more_body"]:
            break
    answers = []
    for row in orjson.loads(body)["rows"]:
        total = bias
        for name, mean, scale, weight in numbers:
            total += (row[name] - mean) / scale * weight
        for name, table in texts:
            total += table[row[name]]
        chance = 1 / (1 + math.exp(-total))
        answers.append({{
            "prediction": classes[chance > 0.5],
            "probabilities": {{classes[0]: 1 - chance, classes[1]: chance}},
        }})
    answer = orjson.dumps({{"predictions": answers}})
    length = str(len(answer)).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", length)]
    await send({{"type": "http.response.start", "status": 200, "headers": headers}})
    await send({{"type": "http.response.body", "body": answer}})
"""


def data() -> tuple[pd.DataFrame, Any]:
    random = np.random.default_rng(7)
    frame = pd.DataFrame({f"number_{i}": random.normal(i, i + 1, ROWS) for i in range(NUMBERS)})
    for place in range(TEXTS):
        values = [f"value {place} {letter}" for letter in "abcdefghij"[: place + 3]]
        frame[f"text_{place}"] = random.choice(values, ROWS)
    score = frame["number_1"] + 2 * frame["text_3"].str.endswith("a") + random.normal(size=ROWS)
    return frame, np.where(score > 1, "yes", "no")


def train(frame: pd.DataFrame, target: Any) -> Pipeline:
    numbers = [name for name in frame if str(name).startswith("number")]
    texts = [name for name in frame if str(name).startswith("text")]
    encoder = ColumnTransformer([("n", StandardScaler(), numbers), ("t", OneHotEncoder(), texts)])
    return make_pipeline(encoder, LogisticRegression(max_iter=300)).fit(frame, target)


def lay_out(root: Path, frame: pd.DataFrame, model: Pipeline) -> None:
    """The folders of a package, as an image has them."""
    for name in ("code", "models", "package"):
        (root / name).mkdir()
    joblib.dump(model, root / "models" / "model")
    columns = infer_columns(frame)
    schema = Schema(features=columns, classes=tuple(model.classes_.tolist()))
    loaded = LoadedModel(model, "classification", schema.classes, has_probabilities=True)
    compiled = compile_model(
        loaded, schema, frame.tail(2_000), root / "package" / "compiled", "require"
    )
    slices = Slices(
        columns={"text_0": tuple(sorted(frame["text_0"].unique()))},
        rules={"large": "number_1 >= 2", "both": "number_2 > 0 and text_1 == 'value 1 a'"},
    )
    manifest = bare_manifest("ceiling", schema, compiled, workers=1, slices=slices)
    profile = build_profile(frame, [(column.name, column.kind) for column in columns])
    (root / "package" / "profile.json").write_text(profile.model_dump_json())
    golden = Golden(rows=tuple(frame.head(8).to_dict("records")), answers=())
    (root / "package" / "golden.json").write_bytes(golden.dump())
    write_manifest(root, manifest)


def write_manifest(root: Path, manifest: Manifest) -> None:
    """Write ``manifest`` with the files that lie in ``root``: a server loads no others."""
    named = {}
    for group, folder in (("model", "models"), ("code", "code"), ("files", "package")):
        top = root / folder
        files = [path for path in sorted(top.rglob("*")) if path.is_file()]
        named[group] = tuple(FileEntry.of(p, p.relative_to(top).as_posix()) for p in files)
    whole = manifest.model_copy(update=named)
    (root / "package" / "manifest.json").write_bytes(whole.dump())


def bare_manifest(name: str, schema: Schema, compiled: Compiled, **options: Any) -> Manifest:
    """What a server asks of a manifest; ``options``: ``workers``, ``task`` and ``slices``."""
    return Manifest(
        name=name,
        version="1.0.0",
        task=options.get("task", "classification"),
        schema_=schema,
        serve=Serve(predictor="auto", compile="auto", workers=options["workers"], strict=False),
        slices=options.get("slices", Slices(columns={}, rules={})),
        recipe="none",
        data="none",
        evaluation=None,
        environment=NumericalEnvironment(
            python="3.11", machine="", cpu="", cpu_features=(), blas=(), threads=1,
            isolation="process",
        ),
        compiled=compiled,
        runtime="0" * 64,
        code=(),
        model=(),
        files=(),
    )  # fmt: skip


def hand_compiled(model: Pipeline) -> dict[str, Any]:
    encoder, classifier = model[0], model[1]
    scaler, onehot = encoder.named_transformers_["n"], encoder.named_transformers_["t"]
    weights = classifier.coef_[0].tolist()
    number_names, text_names = encoder.transformers_[0][2], encoder.transformers_[1][2]
    numbers = list(
        zip(number_names, scaler.mean_.tolist(), scaler.scale_.tolist(), weights, strict=False)
    )
    place, texts = len(number_names), []
    for name, categories in zip(text_names, onehot.categories_, strict=True):
        texts.append((name, dict(zip(categories.tolist(), weights[place:], strict=False))))
        place += len(categories)
    bias, classes = float(classifier.intercept_[0]), model.classes_.tolist()
    return {"numbers": numbers, "texts": texts, "bias": bias, "classes": classes}


@dataclass(frozen=True)
class Run:
    rate: float
    p50: float
    p99: float
    cpu: float
    """Milliseconds of the serving processes for each request."""
    failed: int


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def serving(command: list[str], port: int, folder: Path, **environment: str) -> Iterator[int]:
    log = (folder / "log").open("ab")
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(TOP), **environment},
        stdout=log,
        stderr=log,
    )
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5)
                break
            except urllib.error.HTTPError:
                break
            except OSError:
                time.sleep(0.1)
        time.sleep(2)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def ticks(pid: int) -> int:
    """CPU of a process and its children, in ticks."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(fields[11]) + int(fields[12]) + sum(ticks(int(child)) for child in children)


def drive(pid: int, port: int, body: Path, clients: int, seconds: int) -> Run:
    script = body.with_suffix(".lua")
    script.write_text(
        f'wrk.method = "POST"\nlocal f = io.open("{body}", "rb")\nwrk.body = f:read("*a")\n'
    )
    wrk = ["wrk", "-t1", f"-c{clients}", "--latency", "-s", str(script)]
    url = f"http://127.0.0.1:{port}/predict"
    subprocess.run([*wrk, "-d2s", url], capture_output=True, check=True)
    before = ticks(pid)
    done = subprocess.run([*wrk, f"-d{seconds}s", url], capture_output=True, text=True, check=True)
    used = (ticks(pid) - before) / os.sysconf("SC_CLK_TCK") * 1e3
    text = done.stdout
    requests = int(re.search(r"(\d+) requests in", text)[1])
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    return Run(
        rate=float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]),
        p50=_milliseconds(re.search(r"50%\s+([\d.]+\w+)", text)[1]),
        p99=_milliseconds(re.search(r"99%\s+([\d.]+\w+)", text)[1]),
        cpu=used / max(1, requests),
        failed=int(failed[1]) if failed else 0,
    )


def _milliseconds(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()
    return float(number) * {"us": 1e-3, "ms": 1.0, "s": 1e3}[unit]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--without-feedback", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, root = Path(name), Path(name) / "root"
        root.mkdir()
        frame, target = data()
        model = train(frame, target)
        lay_out(root, frame, model)
        for count in (1, 100):
            rows = json.dumps({"rows": frame.head(count).to_dict("records")})
            (folder / f"rows{count}").write_text(rows)
        (folder / "model.json").write_text(json.dumps(hand_compiled(model)))
        (folder / "ceiling.py").write_text(CEILING.format(path=str(folder / "model.json")))
        measure(chosen, folder, root)


def measure(chosen: argparse.Namespace, folder: Path, root: Path) -> None:
    port = free_port()
    bare = [sys.executable, "-m", "uvicorn", "ceiling:app", "--port", str(port), "--no-access-log"]
    bare += ["--workers", str(chosen.workers)] if chosen.workers > 1 else []
    ours = [sys.executable, "-m", "serving"]
    environment = {
        "MODEL_ROOT": str(root),
        "MODEL_HOST": "127.0.0.1",
        "MODEL_PORT": str(port),
        "MODEL_WORKERS": str(chosen.workers),
        "MODEL_FEEDBACK": "off" if chosen.without_feedback else "on",
    }
    table: dict[str, dict[tuple[int, int], Run]] = {}
    for name, command in (("ceiling", bare), ("served", ours)):
        with serving(command, port, folder, **environment) as pid:
            table[name] = {
                (rows, clients): drive(pid, port, folder / f"rows{rows}", clients, chosen.seconds)
                for rows in (1, 100)
                for clients in (1, 16, 64)
            }
    print("server   rows clients   requests/s   p50 ms   p99 ms   cpu ms   failed   of ceiling")
    for name, runs in table.items():
        for (rows, clients), run in runs.items():
            share = run.rate / table["ceiling"][rows, clients].rate
            print(
                f"{name:8} {rows:4} {clients:7} {run.rate:12.0f} {run.p50:8.2f} {run.p99:8.2f}"
                f" {run.cpu:8.3f} {run.failed:8} {share:12.2f}"
            )


if __name__ == "__main__":
    main()
