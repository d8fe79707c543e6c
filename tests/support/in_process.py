"""Models in this process that behave as one in a process of the model host."""

from __future__ import annotations

from typing import Any

import pandas as pd

from modelhost.project_code import project_errors
from modelhost.state import Leaf, state
from packager.model.model import LoadedModel
from packager.model.predictions import Predictions


class InProcess:
    """Has the interface of ``HostedModel``; exceptions of the model become ``PackageError``."""

    def __init__(self, model: LoadedModel) -> None:
        self._model = model

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def predict(self, frame: pd.DataFrame) -> Predictions:
        with project_errors("the model", traced=False):
            return self._model.predict(frame)

    def state(self) -> dict[str, Leaf]:
        return state(self._model.native)
