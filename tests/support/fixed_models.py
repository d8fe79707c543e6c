"""Models with fixed answers."""

from __future__ import annotations

from typing import Any

import pandas as pd

from modelhost.model import LoadedModel
from packager.manifest.manifest import Serve

SERVE = Serve(predictor="auto", compile="auto", workers=1, strict=False)


FRAME = pd.DataFrame({"a": [1.0, 2.0]})


class Fixed:
    """Answers with the values it was created with."""

    def __init__(self, answer: Any, probabilities: Any = None, classes: Any = None) -> None:
        self.answer = answer
        self.probabilities = probabilities
        self.classes_ = classes

    def predict(self, frame: pd.DataFrame) -> Any:
        return self.answer

    def predict_proba(self, frame: pd.DataFrame) -> Any:
        return self.probabilities


def classifier(answer: Any) -> LoadedModel:
    return LoadedModel(Fixed(answer), "classification", None, False)


def regressor(answer: Any) -> LoadedModel:
    return LoadedModel(Fixed(answer), "regression", None, False)
