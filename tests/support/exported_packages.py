"""A package made by hand that can be exported to MLflow: with the modules that load its model."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import joblib
from sbom_samples import make_package
from sklearn.dummy import DummyRegressor
from trust_samples import layer_of

import modelhost
from packager.image.layers import Layer
from packager.image.runtime import HOST, INSTALLED_AT


def exported_package(folder: Path) -> Path:
    """An OCI folder; its model answers 2 for every row of ``rooms`` and ``mail``."""
    top, place = Path(modelhost.__file__).parent, f"{INSTALLED_AT}/{HOST}modelhost"
    files = {
        f"{place}/{path.relative_to(top).as_posix()}": path.read_bytes()
        for path in top.rglob("*.py")
    }

    def runtime(where: Path) -> Sequence[Layer]:
        return [layer_of(where, "runtime", files)]

    model = io.BytesIO()
    joblib.dump(DummyRegressor().fit([[0], [1]], [1.0, 3.0]), model)
    return make_package(folder, model=model.getvalue(), recorded=runtime).folder
