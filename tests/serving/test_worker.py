"""A worker holds only what it needs: the modules of the server, and a fork of the supervisor."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from serving_helpers import Package, Server

from packager.errors import PackageError
from serving import worker

TOP = Path(__file__).parents[2]
HEAVY = ("bentoml", "joblib", "pandas", "scipy", "sklearn")
LOADED = f"""
import sys
from pathlib import Path
import serving.__main__, serving.worker, serving.processes.children, serving.processes.supervisor
from packager.manifest.manifest import Manifest
from packager.model.paths import Root
from serving.prediction.package_files import PackageFiles
root = Root.from_environment()
worker = serving.worker
worker.check_libraries()
files = PackageFiles.load(Manifest.load(root.package / "manifest.json"), root)
assert files.compiled is not None
assert files.compiled.predict_row([0.5, "E", 55]) is not None
assert files.checker.check([{{"carat": 0.5, "color": "E", "tables": 55}}]).rows == 1
print(*(name for name in {HEAVY} if name in sys.modules))
"""


@pytest.mark.slow
def test_the_server_loads_and_answers_without_pandas_scipy_and_scikit_learn(
    package: Package,
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED],
        cwd=TOP,
        env={**os.environ, "MODEL_ROOT": str(package.root)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


def test_a_library_that_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> None:
        raise worker.UnsupportedLibraryError("a part", "none")

    monkeypatch.setattr(worker, "check_library", fails)
    with pytest.raises(PackageError, match=r"prometheus-client .*: expected a part, got none"):
        worker.check_libraries()


@pytest.mark.server
def test_workers_are_forks_that_hold_what_they_share_and_no_more(server: Server) -> None:
    pid = server.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    names = {child: Path(f"/proc/{child}/comm").read_text().strip() for child in children}
    children = [child for child, name in names.items() if name.startswith("worker")]
    assert len(names) == 3  # and the model's process
    assert {names[child] for child in children} == {"worker 1", "worker 2"}
    line = Path(f"/proc/{pid}/cmdline").read_bytes()
    assert {Path(f"/proc/{child}/cmdline").read_bytes() for child in children} == {line}
    # Nothing of the supervisor's own: its pipe of signals, its lock, the ends of its log pipes.
    links = [os.readlink(link) for link in Path(f"/proc/{children[0]}/fd").iterdir()]
    assert {link for link in links if "memfd" in link} == {
        f"/memfd:{name} (deleted)" for name in ("workers", "failure", "stacks", "feedback.key")
    }
    assert not any("model-server-" in link and link.endswith("/") for link in links)
    assert server.get("/readyz").body == b"\n"
