"""The package that the pages of routes and metrics describe: as small as one can be."""

from __future__ import annotations

from packager.manifest.evaluation import Golden
from packager.manifest.manifest import (
    Column,
    Manifest,
    NumericalEnvironment,
    Schema,
    Serve,
    Slices,
)

NAME = "NAME"


def sample() -> Manifest:
    """A classifier with one input."""
    return Manifest(
        name=NAME.lower(),
        version="1.0.0",
        task="classification",
        schema_=Schema(
            features=(
                Column(
                    name="carat",
                    kind="number",
                    dtype="float64",
                    nullable=False,
                    minimum=0.2,
                    maximum=5.0,
                ),
            ),
            target=Column(name="cut", kind="string", dtype="str", nullable=False),
            classes=("Fair", "Ideal"),
        ),
        serve=Serve(predictor="auto", compile="off", workers=1, strict=False),
        slices=Slices(columns={}, rules={}),
        recipe="none",
        data="none",
        evaluation=None,
        environment=NumericalEnvironment(
            python="3.11",
            machine="x86_64",
            cpu="a cpu",
            cpu_features=(),
            blas=(),
            threads=1,
            isolation="process",
        ),
        runtime="0" * 64,
        code=(),
        model=(),
        files=(),
        platforms={},
    )


def golden() -> Golden:
    """Its example."""
    answer = {"prediction": "Ideal", "probabilities": {"Fair": 0.1, "Ideal": 0.9}}
    return Golden(rows=({"carat": 0.5},), expected=(answer,))
