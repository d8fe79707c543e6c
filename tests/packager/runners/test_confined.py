"""A process of a package on this machine: restricted before its first line, and its results."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import pytest

from packager.errors import PackageError
from packager.image.layers import Entry, Layer, plain_layer
from packager.image.wheels import site_packages, venv_entries
from packager.progress import Silent
from packager.runners import local
from packager.runners.runner import LocalWorker
from packager.sandbox import landlock

pytestmark = [
    pytest.mark.usefixtures("cache"),
    pytest.mark.skipif(landlock.abi() < landlock.MIN_ABI, reason="no Landlock here"),
]
PYTHON = f"{local.sys.version_info.major}.{local.sys.version_info.minor}"
WORKER = "opt/runtime/packager/worker/__main__.py"


@pytest.fixture
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that no package may read or write, beside which none may be made."""
    found = tmp_path_factory.mktemp("outside") / "key"
    found.write_text('{"secret": 1}')
    return found


def layers(tmp_path: Path, worker: str, *more: Entry) -> Sequence[Layer]:
    """A package whose worker is ``worker``, with ``more`` in its environment and code."""
    own = [entry for entry in more if entry.name.startswith("code")]
    shared = [entry for entry in more if entry not in own]
    packages = [Entry(WORKER.replace("__main__", "__init__"), source=b"")]
    return [
        plain_layer("venv", tmp_path / "venv.tar", venv_entries(PYTHON, "/usr/bin/python3")),
        plain_layer("wheels", tmp_path / "wheels.tar", shared),
        plain_layer(
            "runtime",
            tmp_path / "runtime.tar",
            [*packages, Entry(WORKER, source=worker.encode())],
        ),
        plain_layer("code", tmp_path / "code.tar", [*own, Entry("code/a.py", source=b"")]),
    ]


def run(made: Sequence[Layer], tmp_path: Path) -> Path:
    out = tmp_path / "out"
    return LocalWorker(made).run("run", {"job.json": b"{}"}, out, Silent())


DONE = "import sys, pathlib; pathlib.Path(sys.argv[3], 'result.json').write_text('{}')\n"


@pytest.mark.parametrize("place", ["code/sitecustomize.py", "code/json.py", "x.pth"])
def test_no_line_of_a_package_runs_before_the_kernel_restricts_it(
    tmp_path: Path, outside: Path, place: str
) -> None:
    text = f"import os; os.path.isdir('out') or open({str(outside)!r}, 'w')\n"
    name = place if "/" in place else f"{site_packages(PYTHON)}/{place}"
    worker = f"import json\n{DONE}"
    with pytest.raises(PackageError) if place == "code/json.py" else nullcontext():
        run(layers(tmp_path, worker, Entry(name, source=text.encode())), tmp_path)
    assert outside.read_text() == '{"secret": 1}'


@pytest.mark.parametrize("name", ["result.json", "error.json", "golden.json", "model/weights"])
def test_results_that_link_elsewhere_are_refused(tmp_path: Path, outside: Path, name: str) -> None:
    left = f"place = pathlib.Path(sys.argv[3], {name!r}); place.parent.mkdir(exist_ok=True)\n"
    left += f"place.unlink(missing_ok=True); place.symlink_to({str(outside)!r})\n"
    with pytest.raises(PackageError, match=f"left {name}, which is no plain file"):
        run(layers(tmp_path, DONE + left), tmp_path)


def test_what_isolates_is_told_by_this_program_and_not_by_the_package(tmp_path: Path) -> None:
    forges = "import os\nos.environ['MODEL_WALLS'] = '{\"files\": \"forged\"}'\n"
    forges += "for number in range(3, 99):\n try: os.write(number, b'forged')\n except OSError: 0\n"
    worker = LocalWorker(layers(tmp_path, forges + DONE))
    assert worker.measures == {}
    worker.run("run", {"job.json": b"{}"}, tmp_path / "out", Silent())
    assert worker.measures["where"] == "process"
    assert worker.measures["files"] == f"kernel (Landlock {landlock.abi()})"
    assert worker.measures["measures"].startswith(f"Landlock ABI {landlock.abi()}, ")
    assert "forged" not in str(worker.measures)


def test_a_pipe_among_the_results_is_refused(tmp_path: Path) -> None:
    left = "import os; os.mkfifo(sys.argv[3] + '/golden.json')\n"
    with pytest.raises(PackageError, match=r"left golden\.json, which is no plain file"):
        run(layers(tmp_path, DONE + left), tmp_path)


def test_what_a_worker_started_ends_with_it(tmp_path: Path) -> None:
    left = "import os\nif os.fork() == 0:\n import time; time.sleep(600)\n"
    left += "else: print(os.getpid())\n"
    began = time.monotonic()
    assert run(layers(tmp_path, DONE + left), tmp_path).is_file()
    assert time.monotonic() - began < 300  # it did not wait for the one that sleeps
