"""A package for the page at ``/try``: columns and outputs of every kind, hostile names."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from picture_samples import gray_png
from serving_helpers import Package, lay_out, make_manifest

from monitoring.stats.binning import build_profile
from packager.manifest.evaluation import Golden
from packager.manifest.manifest import Column, Schema, Serve
from packager.manifest.outputs import Output

HOSTILE = '"><script>document.title="XSS"</script><b a=\''
MODEL = """
import numpy as np


class Predictor:
    @classmethod
    def load(cls, path):
        return cls()

    def predict(self, frame):
        x = frame["number"].fillna(0).to_numpy(float)
        n = len(x)
        return {
            "kind": ["sent" if one < 5 else HOSTILE for one in x],
            "days": np.column_stack([x, x + 1, x + 4]),
            "tags": [["fragile", HOSTILE] if one > 1 else [] for one in x],
            "demand": np.column_stack([x, x * 2, x * 3]),
            "forecast": np.stack([np.column_stack([x - k, x, x + k]) for k in (1, 2, 3)], axis=1),
            "vector": np.tile(np.linspace(0, 1, 100), (n, 1)),
            "risk": x / 10,
            "words": ["a summary of the parcel " + HOSTILE] * n,
            "items": [["shoe", "hat", HOSTILE]] * n,
            "document": [{"a": [1, 2], "b": HOSTILE}] * n,
        }

    def predict_proba(self, frame):
        x = np.clip(frame["number"].fillna(0).to_numpy(float) / 10, 0, 1)
        return {
            "kind": np.column_stack([1 - x, x]),
            "tags": np.column_stack([x, 1 - x, x / 2]),
        }
"""
LEVELS = (0.1, 0.5, 0.9)
OUTPUTS = (
    Output(name="kind", kind="label", classes=("sent", HOSTILE), target=("kind",)),
    Output(name="days", kind="quantiles", levels=LEVELS, target=("days",)),
    Output(
        name="tags",
        kind="labels",
        classes=("fragile", "heavy", HOSTILE),
        target=("fragile", "heavy", HOSTILE),
    ),
    Output(name="demand", kind="numbers", shape=(3,), target=("day1", "day2", "day3")),
    Output(name="forecast", kind="quantiles", levels=LEVELS, shape=(3,)),
    Output(name="vector", kind="array", shape=(100,)),
    Output(name="risk", kind="score", target=("late",)),
    Output(name="words", kind="text", target=("words",)),
    Output(name="items", kind="json", top=3, target=("items",)),
    Output(name="document", kind="json"),
)
PNG = gray_png(np.arange(64).reshape(8, 8) * 3)
FEATURES = (
    Column(name="number", kind="number", dtype="float64", nullable=True, minimum=0, maximum=10),
    Column(name="whole", kind="integer", dtype="int64", nullable=False, minimum=1, maximum=9),
    Column(name="flag", kind="boolean", dtype="bool", nullable=False, categories=(False, True)),
    Column(
        name="colour",
        kind="string",
        dtype="str",
        nullable=False,
        categories=("blue", "red", HOSTILE),
    ),
    Column(
        name="many",
        kind="string",
        dtype="str",
        nullable=True,
        categories=tuple(f"value {at}" for at in range(300)),
    ),
    Column(name=HOSTILE, kind="string", dtype="str", nullable=True),
    Column(name="day", kind="date", dtype="object", nullable=True),
    Column(name="clock", kind="time", dtype="object", nullable=True),
    Column(name="price", kind="decimal", dtype="object", nullable=True),
    Column(name="naive", kind="datetime", dtype="datetime64[ns]", nullable=True),
    Column(name="aware", kind="datetime", dtype="datetime64[us, UTC]", nullable=True),
    Column(name="anything", kind="any", dtype="object", nullable=True),
    Column(name="picture", kind="bytes", dtype="object", nullable=True),
    Column(
        name="pixels",
        kind="array",
        dtype="object",
        nullable=False,
        shape=(2, 2),
        element="int16",
        minimum=0,
        maximum=9,
    ),
    Column(name="words", kind="list", dtype="object", nullable=True, element="string"),
    Column(name="rate", kind="number", dtype="float64", nullable=False, default=1.5),
)
EXTRAS = (Column(name="shop", kind="string", dtype="str", nullable=False, categories=("north",)),)
ROW: dict[str, Any] = {
    "number": 2.5,
    "whole": 3,
    "flag": True,
    "colour": "red",
    "many": "value 7",
    HOSTILE: 'two lines\n</textarea><script>alert("x")</script>',
    "day": "2024-01-31",
    "clock": "10:30:00",
    "price": "12.30",
    "naive": "2024-01-31T10:00:00",
    "aware": "2024-01-31T10:00:00+01:00",
    "anything": "5",
    "picture": base64.b64encode(PNG).decode(),
    "pixels": [[1, 2], [3, 4]],
    "words": ["a", None],
}


def every_kind(root: Path, *, strict: bool = False) -> Package:
    """A package with columns and outputs of every kind, and a profile of some columns."""
    schema = Schema(features=FEATURES, extras=EXTRAS, outputs=OUTPUTS)
    serve = Serve(
        predictor="several:Predictor", compile="off", workers=1, strict=strict, outputs=OUTPUTS
    )
    lay_out(root)
    (root / "code" / "several.py").write_text(f"HOSTILE = {HOSTILE!r}\n{MODEL}")
    (root / "models" / "model").write_text("nothing is read from here")
    random = np.random.default_rng(3)
    frame = pd.DataFrame(
        {
            "number": random.uniform(0, 10, 300),
            "whole": random.integers(1, 10, 300),
            "colour": random.choice(["blue", "red", HOSTILE], 300),
            "picture": [bytes(size) for size in random.integers(10, 400, 300)],
        }
    )
    kinds = [("number", "number"), ("whole", "integer"), ("colour", "string"), ("picture", "bytes")]
    profile = build_profile(frame, kinds)
    (root / "package" / "profile.json").write_text(profile.model_dump_json())
    (root / "package" / "golden.json").write_bytes(Golden(rows=(ROW,), expected=()).dump())
    manifest = make_manifest(schema, serve=serve, task="outputs", name="parcels")
    return Package(root, manifest, frame=None, model=None)  # type: ignore[arg-type]
