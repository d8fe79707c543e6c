"""Run in an emulator: ``emulated_answers.py model|compiled ROOT IN OUT``, answers to rows as JSON.

A program of its own, without an import of this project at its top: an interpreter of the image
executes it. ``model`` runs in the model's environment and calls the model; ``compiled`` runs in the
server's and calls the compiled form. ROOT is where the image's files are.
"""

from __future__ import annotations

import json
import site
import sys
from pathlib import Path
from typing import Any

ENVIRONMENTS = {"model": "opt/model", "compiled": "opt/venv"}


def main(arguments: list[str]) -> None:
    """Write the answers to the rows of IN to OUT."""
    kind, root, source, out = arguments
    top = Path(root)
    runtime = top / "opt/runtime"
    own = [top / "code", top / "code/src"] if kind == "model" else [runtime]
    sys.path[:1] = map(str, [runtime / "host", *own])
    for folder in (top / ENVIRONMENTS[kind] / "lib").glob("python*/site-packages"):
        site.addsitedir(str(folder))
    requests = json.loads(Path(source).read_text(encoding="utf-8"))
    answers = of_model(requests) if kind == "model" else of_compiled(requests, top)
    Path(out).write_text(json.dumps(answers, default=_plain), encoding="utf-8")


def of_model(requests: dict[str, Any]) -> dict[str, Any]:
    """The answers of the model to ``load`` and ``ask``, which ``requests`` holds."""
    from modelhost.prediction_messages import decode_predictions
    from modelhost.session import HostSession
    from modelhost.wire import Message

    shop = HostSession()
    for request in (requests["load"], requests["ask"]):
        answer = shop.answer(Message(request))
        if "error" in answer.header:
            return {"error": str(answer.header["error"])}
    predictions = decode_predictions(answer)
    return {"labels": predictions.labels, "probabilities": predictions.probabilities}


def of_compiled(request: dict[str, Any], top: Path) -> dict[str, Any]:
    """The answers of the compiled form, and whether each row is in its domain."""
    from packager.data.rows.request_rows import RowChecker
    from packager.manifest.manifest import Manifest
    from packager.model.compiled.model import load_compiled
    from packager.model.paths import Root

    manifest = Manifest.load(top / "package/manifest.json")
    compiled = load_compiled(Root(top), manifest.schema_, manifest.task)
    if compiled is None:
        return {"error": "the package has no compiled form"}
    checked = RowChecker(manifest.schema_).check(request["rows"])
    columns = checked.columns[: len(manifest.schema_.features)]
    predictions, inside = compiled.predict_rows(columns, checked.arrays)
    return {
        "labels": predictions.labels,
        "probabilities": predictions.probabilities,
        "inside": inside,
    }


def _plain(value: Any) -> Any:
    """A number or an array of NumPy as JSON has it."""
    return value.tolist()


if __name__ == "__main__":
    main(sys.argv[1:])
