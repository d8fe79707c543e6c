"""Compares the server with its upper bound: uvicorn, orjson and a hand-compiled model.

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
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "support"))

import joblib
import numpy as np
import pandas as pd
from bare_package import bare_manifest, write_manifest
from driven_server import Run, drive, free_port, serving
from in_process import hosted
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from modelhost.model import LoadedModel
from monitoring.stats.binning import build_profile
from packager.data.frames import infer_columns
from packager.manifest.evaluation import Golden
from packager.manifest.manifest import Schema, Slices
from packager.worker.compile.compile import compile_model

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
    """Write the folders of a package as in an image."""
    for name in ("code", "models", "package"):
        (root / name).mkdir()
    joblib.dump(model, root / "models" / "model")
    columns = infer_columns(frame)
    schema = Schema(features=columns, classes=tuple(model.classes_.tolist()))
    loaded = LoadedModel(model, "classification", schema.classes, has_probabilities=True)
    compiled = compile_model(
        hosted(loaded), schema, frame.tail(2_000), root / "package" / "compiled", "require"
    )
    slices = Slices(
        columns={"text_0": tuple(sorted(frame["text_0"].unique()))},
        rules={"large": "number_1 >= 2", "both": "number_2 > 0 and text_1 == 'value 1 a'"},
    )
    manifest = bare_manifest("ceiling", schema, compiled, workers=1, slices=slices)
    profile = build_profile(frame, [(column.name, column.kind) for column in columns])
    (root / "package" / "profile.json").write_text(profile.model_dump_json())
    golden = Golden(rows=tuple(frame.head(8).to_dict("records")), expected=())
    (root / "package" / "golden.json").write_bytes(golden.dump())
    write_manifest(root, manifest)


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
