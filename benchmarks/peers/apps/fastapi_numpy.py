"""FastAPI as people write it by hand for arrays: pydantic for the body, NumPy, the model."""

import os
from typing import Any

import joblib
import numpy as np
from fastapi import FastAPI
from pydantic import BaseModel

model = joblib.load(os.environ["PEER_MODEL"])
classes = model.classes_.tolist()
app = FastAPI()


class Row(BaseModel):
    pixels: list[float]


class Body(BaseModel):
    rows: list[Row]


@app.get("/ready")
def ready() -> dict[str, bool]:
    return {"ready": True}


@app.post("/predict")
def predict(body: Body) -> dict[str, Any]:
    chances = model.predict_proba(np.array([row.pixels for row in body.rows], np.float32))
    labels = [classes[place] for place in chances.argmax(axis=1)]
    answers = zip(labels, chances.tolist(), strict=True)
    return {
        "predictions": [
            {"prediction": label, "probabilities": dict(zip(classes, row, strict=True))}
            for label, row in answers
        ]
    }
