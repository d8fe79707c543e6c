"""The package that examples of the documentation are written for: ``carat`` and ``color``."""

from __future__ import annotations

from pathlib import Path

from serving_helpers import Package, lay_out, make_manifest

from packager.manifest.manifest import Column, Schema, Serve

PREDICTOR = """
class Predictor:
    classes_ = ["Good", "Ideal"]

    @classmethod
    def load(cls, path):
        return cls()

    def predict_proba(self, frame):
        return [[0.25, 0.75]] * len(frame)

    def predict(self, frame):
        return ["Ideal"] * len(frame)
"""


def documented_package(root: Path) -> Package:
    """A package in ``root``, with a gRPC port, that always answers Ideal."""
    schema = Schema(
        features=(
            Column(name="carat", kind="number", dtype="float64", nullable=True),
            Column(name="color", kind="string", dtype="object", nullable=True),
        ),
        classes=("Good", "Ideal"),
    )
    serve = Serve(predictor="answers:Predictor", compile="off", workers=1, strict=False, grpc=True)
    lay_out(root)
    (root / "code" / "answers.py").write_text(PREDICTOR)
    (root / "models" / "model").write_text("nothing is read from here")
    return Package(root, make_manifest(schema, serve=serve), None, None)  # type: ignore[arg-type]
