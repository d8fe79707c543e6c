"""A package that predicts whether a visit is returned, rows without labels, and a queue of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from host_samples import MANIFEST

from monitoring.profile.calibration import Calibration
from monitoring.profile.profile import FeatureProfile, Profile
from packager.data.frames import read
from packager.labelling.queue import Choice, QueuePackage, QueueRequest, run_queue
from packager.manifest.manifest import Column, Manifest, Schema, Slices
from packager.progress import NullProgress

SCHEMA = Schema(
    features=(
        Column(name="age", kind="number", dtype="float64", nullable=True),
        Column(name="kind", kind="string", dtype="str", nullable=True),
        Column(
            name="email", kind="string", dtype="str", nullable=True, personal="e-mail addresses"
        ),
    ),
    target=Column(
        name="returned", kind="string", dtype="str", nullable=False, categories=("no", "yes")
    ),
    classes=("no", "yes"),
)
PACKAGE: Manifest = MANIFEST.model_copy(
    update={
        "task": "classification",
        "schema_": SCHEMA,
        "slices": Slices(columns={"kind": ("blue", "red")}, rules={}),
    }
)
PROFILE = Profile(
    rows=1_000,
    features=(
        FeatureProfile(
            name="age",
            kind="numeric",
            edges=(50.0,),
            bins=("< 50", ">= 50"),
            counts=(500, 500),
            missing=0,
        ),
    ),
    left_out=(),
    calibration=Calibration(thresholds=(0.5, 0.9), values=(0.7, 1.0), rows=200),
)


def visits(rows: int = 400, seed: int = 1) -> pd.DataFrame:
    """Rows without labels; one in fifty is red."""
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "id": [f"v{place}" for place in range(rows)],
            "age": random.uniform(0, 100, rows).round(1),
            "kind": np.where(np.arange(rows) % 50 == 0, "red", "blue"),
            "email": [f"{place}@example.org" for place in range(rows)],
        }
    )


def answers(file: Path) -> list[dict[str, Any]]:
    """The confidence falls with the distance from 100; a missing age is flagged."""
    ages = (pd.read_json(file) if file.suffix == ".json" else read(file))["age"]
    return [
        {
            "prediction": "yes",
            "probabilities": {"no": 0.5 - age / 200, "yes": 0.5 + age / 200},
            "flags": [],
        }
        if age == age
        else {
            "prediction": "no",
            "probabilities": {"no": 0.99, "yes": 0.01},
            "flags": ["age:missing"],
        }
        for age in ages.tolist()
    ]


def packaged(manifest: Manifest = PACKAGE, profile: Profile | None = PROFILE) -> QueuePackage:
    return QueuePackage(manifest, profile, answers)


def chosen(folder: Path, frame: pd.DataFrame, rows: int = 40, **asked: Any) -> Choice:
    """The choice of ``rows`` of ``frame``."""
    file = folder / "visits.csv"
    frame.to_csv(file, index=False)
    package = asked.pop("package", packaged())
    request = QueueRequest(str(file), rows, **asked)
    return run_queue(request, package, folder, NullProgress())
