"""FastAPI with this project's compiled model wired by hand: orjson, no validation, no metrics."""

from pathlib import Path
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response

from packager.manifest.manifest import Manifest
from packager.model.compiled.model import load_compiled
from packager.model.integrity import MANIFEST
from packager.model.paths import Root

root = Root.from_environment()
manifest = Manifest.load(Path(root.package) / MANIFEST)
model = load_compiled(root, manifest.schema_, manifest.task)
if model is None:
    raise SystemExit("this package has no compiled model")
names = [column.name for column in manifest.schema_.features]
classes = manifest.schema_.classes
app = FastAPI()


@app.get("/ready")
def ready() -> dict[str, bool]:
    return {"ready": True}


@app.post("/predict")
async def predict(request: Request) -> Response:
    rows = orjson.loads(await request.body())["rows"]
    answers = [answer(rows[0])] if len(rows) == 1 else together(rows)
    return Response(orjson.dumps({"predictions": answers}), media_type="application/json")


def answer(row: dict[str, Any]) -> dict[str, Any]:
    found = model.predict_row([row[name] for name in names])
    if found is None:
        raise ValueError("a row outside the compiled model's domain")
    return named(*found)


def together(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found, inside = model.predict_rows([[row[name] for row in rows] for name in names])
    if not inside.all():
        raise ValueError("a row outside the compiled model's domain")
    chances = found.probabilities.tolist()
    return [named(label, row) for label, row in zip(found.labels, chances, strict=True)]


def named(label: Any, chances: list[float]) -> dict[str, Any]:
    return {"prediction": label, "probabilities": dict(zip(classes, chances, strict=True))}
