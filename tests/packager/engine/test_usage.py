"""CPU time and memory of a process and its children."""

from __future__ import annotations

import subprocess
import sys

import pytest

from packager.engine.usage import process_tree_usage


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_usage_is_that_of_a_process_and_its_children() -> None:
    child = "import time\nwhile time.process_time() < 0.2: pass\nprint(1, flush=True)\ninput()"
    script = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {child!r}])"
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()  # the child has used its time
    found = process_tree_usage(process.pid)
    process.communicate(b"\n")
    assert found is not None
    assert found.cpu_seconds >= 0.15
    assert found.memory_bytes > 10_000_000
