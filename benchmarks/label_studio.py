"""Sends a queue through a running Label Studio and back: import, annotations, export, `labels add`.

`python -m venv DIR && DIR/bin/pip install label-studio`, then start it on this machine:
`LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN=true DIR/bin/label-studio start --no-browser
--internal-host 127.0.0.1 --port 8123 --username a@example.com --password PASSWORD --user-token
TOKEN` (40 characters). `.venv/bin/python benchmarks/label_studio.py http://127.0.0.1:8123 TOKEN`
sends tasks of each kind of answer, with hostile names, labels a part of them through its API,
cancels one, exports the project, and reads the labels as `package data labels add` does. Exits 1 if
a label comes back as another one.
"""

from __future__ import annotations

import json
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

from packager.labelling.csv_labels import LabelColumns
from packager.labelling.label_studio import label_studio_labels
from packager.labelling.queue_files import labelling_page
from packager.manifest.manifest import Column, Manifest, Schema

HOSTILE = ("a \"b\" <c> & 'd'", "]]>", "größe 日本", "=1+1")
SENT = 6
"""Tasks of a project, of which one is cancelled and one has no annotation."""


class Studio:
    """The API of a running Label Studio."""

    def __init__(self, url: str, token: str) -> None:
        self._url, self._token = url.rstrip("/"), token

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON answer; ``HTTPError`` for a refusal."""
        asked = urllib.request.Request(
            self._url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Token {self._token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return json.loads(answer.read() or b"null")


def manifest(task: str, classes: tuple[str, ...] | None) -> Manifest:
    """A package with a target of hostile name."""
    kind = "number" if task == "regression" else "string"
    target = Column(name=HOSTILE[0], kind=kind, dtype="object", nullable=False, categories=classes)
    schema = Schema.model_construct(target=target, classes=classes, features=(), extras=())
    return Manifest.model_construct(task=task, schema_=schema)


def loop(studio: Studio, package: Manifest, answers: list[dict[str, Any]]) -> bool:
    """Whether the labels come back as they were given."""
    page = labelling_page(package)
    project = studio.ask("POST", "/api/projects", {"title": "queue", "label_config": page})["id"]
    tasks = [
        {
            "data": {"row": {HOSTILE[0]: place, "x": HOSTILE[place % 4]}, "id": place},
            "meta": {"id": place, "selection_probability": 0.25},
        }
        for place in range(SENT)
    ]
    studio.ask("POST", f"/api/projects/{project}/import", tasks)
    known = studio.ask("GET", f"/api/tasks?project={project}&page_size=100")["tasks"]
    places = {one["data"]["id"]: one["id"] for one in known}
    wanted = {}
    for place in range(SENT - 2):
        value = answers[place % len(answers)]
        result = {"from_name": "label", "to_name": "row", "type": _kind(value), "value": value}
        studio.ask("POST", f"/api/tasks/{places[place]}/annotations", {"result": [result]})
        (text,) = value.values()
        wanted[str(place)] = text[0] if isinstance(text, list) else text
    cancelled = {"result": [], "was_cancelled": True}
    studio.ask("POST", f"/api/tasks/{places[SENT - 2]}/annotations", cancelled)
    exported = studio.ask(
        "GET", f"/api/projects/{project}/export?exportType=JSON&download_all_tasks=true"
    )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "export.json"
        file.write_text(json.dumps(exported))
        found = label_studio_labels(file, LabelColumns(None, None, None, None), ("id",))
    got = {one.key[0]: one.label for one in found.labels}
    same = {key: str(value) for key, value in wanted.items()} == got
    chosen = {one.selection_probability for one in found.labels}
    print(f"{package.task:14} {got} skipped {dict(found.skipped)}: {'same' if same else wanted}")
    return same and chosen == {0.25}


def _kind(value: dict[str, Any]) -> str:
    return {"choices": "choices", "number": "number", "text": "textarea"}[next(iter(value))]


def main() -> int:
    """Run the loop for each kind of answer; return 1 if a label is another one."""
    studio = Studio(*sys.argv[1:3])
    texts = [{"text": [one]} for one in HOSTILE]
    kinds = [
        (manifest("classification", HOSTILE), [{"choices": [one]} for one in HOSTILE]),
        (manifest("regression", None), [{"number": one} for one in (0, -1.5, 12, 3.25)]),
        (manifest("custom", None), texts),
    ]
    return int(not all(loop(studio, package, answers) for package, answers in kinds))


if __name__ == "__main__":
    sys.exit(main())
