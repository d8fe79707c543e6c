"""Sends rows to a real server with a compiled model."""

from __future__ import annotations

import http.client
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from shutil import copytree
from typing import Any

import joblib
from bare_package import bare_manifest, write_manifest
from driven_server import free_port, serving

from packager.manifest.evaluation import Golden

Row = dict[str, Any]


def lay_out(root: Path, made: Any, golden: Sequence[Row]) -> None:
    """Write the folders of a package as in an image."""
    for name in ("code", "models", "package"):
        (root / name).mkdir(parents=True)
    joblib.dump(made.model.native, root / "models" / "model")
    copytree(made.folder, root / "package" / "compiled")
    manifest = bare_manifest("equality", made.schema, made.verdict, workers=2, task=made.case.task)
    (root / "package" / "golden.json").write_bytes(Golden(rows=tuple(golden), expected=()).dump())
    write_manifest(root, manifest)


def answers_of_a_server(
    made: Any, requests: Sequence[Sequence[Row]]
) -> Iterator[tuple[Sequence[Row], list[dict[str, Any]] | None]]:
    """The predictions of each request; None if the server reports an error of the model.

    Requests that the server rejects (for example integers mixed with nulls) are omitted.
    """
    with tempfile.TemporaryDirectory() as name:
        root, port = Path(name) / "root", free_port()
        lay_out(root, made, requests[0])
        environment = {
            "MODEL_ROOT": str(root),
            "MODEL_HOST": "127.0.0.1",
            "MODEL_PORT": str(port),
            "MODEL_FEEDBACK": "off",
        }
        command = [sys.executable, "-m", "serving"]
        with serving(command, port, Path(name), **environment):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            for rows in requests:
                connection.request("POST", "/predict", json.dumps({"rows": rows}))
                reply = connection.getresponse()
                document = json.loads(reply.read())
                if reply.status == 200:
                    yield rows, document["predictions"]
                elif reply.status == 500:
                    yield rows, None
