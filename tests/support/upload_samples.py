"""A package with a picture among its columns, and clients that send files."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
from picture_samples import gray_png
from serving_helpers import Package, lay_out, make_manifest

from packager.manifest.evaluation import Golden
from packager.manifest.manifest import Column, Schema, Serve

MODEL = """
import hashlib

class Predictor:
    classes_ = ["cat", "dog"]

    @classmethod
    def load(cls, path):
        return cls()

    def predict_proba(self, frame):
        found = []
        for row in frame.itertuples(index=False):
            told = repr([v.tolist() if hasattr(v, "tolist") else v for v in row])
            share = int(hashlib.sha256(told.encode()).hexdigest(), 16) % 997 / 997
            found.append([share, 1 - share])
        return found

    def predict(self, frame):
        return [self.classes_[int(a < b)] for a, b in self.predict_proba(frame)]
"""
IMAGE = Column(name="image", kind="bytes", dtype="object", nullable=True)
FEATURES = (
    IMAGE,
    Column(name="age", kind="number", dtype="float64", nullable=True, minimum=0, maximum=20),
    Column(name="indoor", kind="boolean", dtype="bool", nullable=False),
    Column(name="born", kind="date", dtype="object", nullable=True),
    Column(name="coat", kind="string", dtype="str", nullable=False, categories=("long", "short")),
    Column(
        name="box",
        kind="array",
        dtype="object",
        nullable=False,
        shape=(2, 2),
        element="int16",
        minimum=0,
        maximum=9,
    ),
)
PNG = gray_png(np.arange(64).reshape(8, 8) * 3)
ROW = {
    "image": base64.b64encode(PNG).decode(),
    "age": 3,
    "indoor": True,
    "born": "2024-01-31",
    "coat": "long",
    "box": [[1, 2], [3, 4]],
}
TEXTS = {"age": "3", "indoor": "true", "born": "2024-01-31", "coat": "long", "box": "[[1,2],[3,4]]"}
"""``ROW`` as the fields of a form, without the picture."""


def picture_package(root: Path, features: tuple[Column, ...] = FEATURES) -> Package:
    """A package whose answers depend on every value of a row."""
    schema = Schema(features=features, classes=("cat", "dog"))
    serve = Serve(predictor="pictures:Predictor", compile="off", workers=1, strict=False)
    lay_out(root)
    (root / "code" / "pictures.py").write_text(MODEL)
    (root / "models" / "model").write_text("nothing is read from here")
    row = {name: cell for name, cell in ROW.items() if name in {c.name for c in features}}
    (root / "package" / "golden.json").write_bytes(Golden(rows=(row,), expected=()).dump())
    return Package(root, make_manifest(schema, serve=serve), frame=None, model=None)  # type: ignore[arg-type]
