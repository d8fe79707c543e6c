"""BentoML with adaptive batching: requests that wait are predicted together."""

import os
from typing import Any

import bentoml
import joblib
import pandas as pd


@bentoml.service(workers=int(os.environ["PEER_WORKERS"]), traffic={"timeout": 60})
class Model:
    def __init__(self) -> None:
        self.model = joblib.load(os.environ["PEER_MODEL"])
        self.classes = self.model.classes_.tolist()

    # The latency is an upper limit: BentoML answers 503 where it expects to miss it.
    @bentoml.api(batchable=True, max_batch_size=1000, max_latency_ms=10_000)
    def predict(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        chances = self.model.predict_proba(pd.DataFrame(rows))
        labels = [self.classes[place] for place in chances.argmax(axis=1)]
        return [
            {"prediction": label, "probabilities": dict(zip(self.classes, row, strict=True))}
            for label, row in zip(labels, chances.tolist(), strict=True)
        ]
