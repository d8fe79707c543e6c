"""FastAPI as people write it by hand: pydantic for the body, a DataFrame, the pipeline."""

import os
from typing import Any

import joblib
import pandas as pd
from fastapi import FastAPI
from pydantic import BaseModel

model = joblib.load(os.environ["PEER_MODEL"])
classes = model.classes_.tolist()
app = FastAPI()


class Body(BaseModel):
    rows: list[dict[str, Any]]


@app.get("/ready")
def ready() -> dict[str, bool]:
    return {"ready": True}


@app.post("/predict")
def predict(body: Body) -> dict[str, Any]:
    chances = model.predict_proba(pd.DataFrame(body.rows))
    labels = [classes[place] for place in chances.argmax(axis=1)]
    answers = zip(labels, chances.tolist(), strict=True)
    return {
        "predictions": [
            {"prediction": label, "probabilities": dict(zip(classes, row, strict=True))}
            for label, row in answers
        ]
    }
