"""A package with a given worker, run in a process on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from packager.image.environments import environment_entries
from packager.image.layers import Entry, Layer, plain_layer
from packager.image.runtime import HARNESS
from packager.progress import NullProgress
from packager.runners import local
from packager.runners.runner import LocalWorker


def layers(tmp_path: Path, worker: str, *more: Entry) -> Sequence[Layer]:
    """The layers of a package with the worker ``worker``; ``more``: entries of its environment
    and code."""
    own = [entry for entry in more if entry.name.startswith("code")]
    shared = [entry for entry in more if entry not in own]
    made = environment_entries(HARNESS, PYTHON, "/usr/bin/python3", ())
    packages = [Entry(WORKER.replace("__main__", "__init__"), source=b"")]
    return [
        plain_layer("worker environment", tmp_path / "environment.tar", [*shared, *made]),
        plain_layer(
            "runtime",
            tmp_path / "runtime.tar",
            [*packages, Entry(WORKER, source=worker.encode())],
        ),
        plain_layer("code", tmp_path / "code.tar", [*own, Entry("code/a.py", source=b"")]),
    ]


def run(made: Sequence[Layer], tmp_path: Path) -> Path:
    out = tmp_path / "out"
    return LocalWorker(made).run("run", {"job.json": b"{}"}, out, NullProgress())


DONE = "import sys, pathlib; pathlib.Path(sys.argv[3], 'result.json').write_text('{}')\n"


PYTHON = f"{local.sys.version_info.major}.{local.sys.version_info.minor}"


WORKER = "opt/runtime/packager/worker/__main__.py"
