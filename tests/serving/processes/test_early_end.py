"""A signal before the server has started ends it without a traceback."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[3]
STARTING = """
from serving.processes import early_end
import time
try:
    print("begins", flush=True)
    for _ in range(6_000):  # as imports: a signal right before one long sleep would not end it
        time.sleep(0.01)
finally:
    print("tidies up", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGQUIT])
def test_it_ends_at_once_says_so_and_tidies_up(number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STARTING],
        cwd=TOP,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begins\n"
        process.send_signal(number)
        out, log = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "tidies up\n")
    line = json.loads(log)
    assert line["message"] == f"the server ends before it has started: {number.name}"
    assert (line["level"], line["logger"]) == ("info", "serving")


def test_the_server_begins_with_it() -> None:
    text = (TOP / "serving" / "__main__.py").read_text(encoding="utf-8")
    imports = [line for line in text.splitlines() if line.startswith(("import ", "from "))]
    assert imports[1].startswith("from serving.processes import early_end")
