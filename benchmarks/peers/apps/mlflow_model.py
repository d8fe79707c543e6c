"""Saves the model as MLflow does, with probabilities as the answer: MODEL FOLDER."""

import sys

import joblib
import mlflow.sklearn

model, folder = sys.argv[1:]
mlflow.sklearn.save_model(
    joblib.load(model),
    folder,
    pyfunc_predict_fn="predict_proba",
    pip_requirements=[],
    serialization_format="pickle",
)
