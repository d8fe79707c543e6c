"""A worker process on this machine: its results, its output, and its child processes."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from confined_packages import DONE, layers, run

from modelhost.sandbox import landlock
from packager.errors import PackageError
from packager.progress import NullProgress
from packager.runners.runner import LocalWorker

pytestmark = pytest.mark.usefixtures("cache")


@pytest.fixture
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that no package may read or write, beside which none may be made."""
    found = tmp_path_factory.mktemp("outside") / "key"
    found.write_text('{"secret": 1}')
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", ["result.json", "error.json", "golden.json", "model/weights"])
def test_results_that_link_elsewhere_are_refused(tmp_path: Path, outside: Path, name: str) -> None:
    left = f"place = pathlib.Path(sys.argv[3], {name!r}); place.parent.mkdir(exist_ok=True)\n"
    left += f"place.unlink(missing_ok=True); place.symlink_to({str(outside)!r})\n"
    with pytest.raises(PackageError, match=f"left {name}, which is not a regular file"):
        run(layers(tmp_path, DONE + left), tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(landlock.abi() < landlock.MIN_ABI, reason="no Landlock here")
def test_what_isolates_is_reported_by_this_program_and_not_by_the_package(tmp_path: Path) -> None:
    forges = "import os\nos.environ['MODEL_CONFINEMENT'] = '{\"files\": \"forged\"}'\n"
    forges += "for number in range(3, 99):\n try: os.write(number, b'forged')\n except OSError: 0\n"
    worker = LocalWorker(layers(tmp_path, forges + DONE))
    assert worker.measures == {}
    worker.run("run", {"job.json": b"{}"}, tmp_path / "out", NullProgress())
    assert worker.measures["where"] == "process"
    assert worker.measures["files"] == f"kernel (Landlock {landlock.abi()})"
    assert worker.measures["measures"].startswith(f"Landlock ABI {landlock.abi()}, ")
    assert "forged" not in str(worker.measures)


@pytest.mark.slow
def test_a_pipe_among_the_results_is_refused(tmp_path: Path) -> None:
    left = "import os; os.mkfifo(sys.argv[3] + '/golden.json')\n"
    with pytest.raises(PackageError, match=r"left golden\.json, which is not a regular file"):
        run(layers(tmp_path, DONE + left), tmp_path)


@pytest.mark.slow
def test_what_a_worker_started_ends_with_it(tmp_path: Path) -> None:
    left = "import os\nif os.fork() == 0:\n import time; time.sleep(600)\n"
    left += "else: print(os.getpid())\n"
    began = time.monotonic()
    assert run(layers(tmp_path, DONE + left), tmp_path).is_file()
    assert time.monotonic() - began < 300  # it did not wait for the one that sleeps
