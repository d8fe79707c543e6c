"""Every line of the log is JSON, whatever its source."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from serving_helpers import Package, lay_out, make_manifest

from packager.manifest.manifest import Column, Schema, Serve
from serving.processes.log_lines import MAX_LINE_BYTES, as_json

NOISY = """
import logging, os, subprocess, sys, threading, warnings

print("imported")

class Unraisable:
    def __del__(self):
        raise ValueError("a secret of a destructor")

def fail():
    raise ValueError("a secret of a thread")

class Predictor:
    classes_ = [False, True]

    @classmethod
    def load(cls, path):
        print("loaded", file=sys.stderr)
        own = logging.getLogger("own")
        own.addHandler(logging.StreamHandler(sys.stdout))
        own.propagate = False
        return cls()

    def predict(self, frame):
        print("two\\nlines")
        os.write(1, b"from C\\n")
        os.write(2, b"\\xff is no UTF-8\\n")
        warnings.warn("a secret of a warning")
        logging.getLogger("own").error("own handler")
        logging.getLogger("late").error("late logger")
        subprocess.run(["echo", "from a child"])
        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()
        Unraisable()
        print('{"theirs": 1}')
        print('{"no": NaN}')
        return [True] * len(frame)
"""


@pytest.fixture(scope="module")
def noisy(tmp_path_factory: pytest.TempPathFactory, start_shared: Any) -> Any:
    root = tmp_path_factory.mktemp("noisy")
    column = Column(name="code", kind="integer", dtype="int64", nullable=False)
    schema = Schema(features=(column,), classes=(False, True))
    serve = Serve(predictor="noisy:Predictor", compile="off", workers=1, strict=False)
    manifest = make_manifest(schema, serve=serve)
    lay_out(root)
    (root / "code" / "noisy.py").write_text(NOISY)
    (root / "models" / "model").write_text("nothing is read from here")
    return start_shared(Package(root, manifest, pd.DataFrame({"code": [0]}), model=None))


@pytest.mark.server
def test_every_line_of_a_noisy_model_is_json_and_none_is_lost(noisy: Any) -> None:
    assert noisy.predict([{"code": 1}]).status == 200
    assert noisy.told(lambda line: line.get("message") == "from a child")
    lines = noisy.lines()
    told = [(line.get("logger"), line.get("message")) for line in lines]
    for expected in [
        ("stdout", "imported"),
        ("stderr", "loaded"),
        ("stdout", "two"),
        ("stdout", "lines"),
        ("stdout", "from C"),
        ("stderr", "\\xff is no UTF-8"),
        ("stdout", "own handler"),
        ("late", "late logger"),
        ("stdout", "from a child"),
        ("stdout", '{"no": NaN}'),
    ]:
        assert expected in told
    assert {"theirs": 1} in lines
    uncaught = [line["exception"][0] for line in lines if "exception" in line]
    assert len(uncaught) == 2
    assert all(one.startswith("ValueError < ") for one in uncaught)
    assert "secret" not in noisy.log.read_text()


@pytest.mark.parametrize(
    ("line", "name", "level", "message"),
    [
        (b"hello", "stdout", "info", "hello"),
        (b"{broken", "stdout", "info", "{broken"),
        (b"[1]", "stdout", "info", "[1]"),
        (b"\xe9", "stdout", "info", "\\xe9"),
        (
            b"2026-11-28T17:24:31+0000 [WARNING] [cli] text [a] b",
            "bentoml",
            "warning",
            "text [a] b",
        ),
    ],
)
def test_a_line_becomes_a_message(line: bytes, name: str, level: str, message: str) -> None:
    told = json.loads(as_json(line, "stdout", logging.INFO))
    assert (told["logger"], told["level"], told["message"]) == (name, level, message)
    assert "time" in told


@given(st.binary(max_size=60).filter(lambda line: b"\n" not in line))
def test_any_bytes_become_one_json_object(line: bytes) -> None:
    found = as_json(line, "stderr", logging.WARNING)
    assert isinstance(json.loads(found), dict)
    assert b"\n" not in found


IMPORT = "from serving.processes.log_lines import json_lines"


def run(code: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    script = f"import os, sys\n{IMPORT}\nwith json_lines():\n{code}"
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, timeout=60, check=False, **options
    )


def test_lines_keep_their_stream_and_the_last_needs_no_end() -> None:
    done = run('    print("a"); sys.stderr.write("b\\rc"); os.write(1, b"d")')
    assert [json.loads(line)["message"] for line in done.stdout.splitlines()] == ["a", "d"]
    assert [json.loads(line)["message"] for line in done.stderr.splitlines()] == ["b", "c"]


def test_a_line_without_end_is_written_in_parts() -> None:
    done = run(f'    os.write(1, b"x" * {3 * MAX_LINE_BYTES})')
    told = [json.loads(line)["message"] for line in done.stdout.splitlines()]
    assert "".join(told) == "x" * 3 * MAX_LINE_BYTES
    assert max(map(len, told)) <= 2 * MAX_LINE_BYTES


@pytest.mark.slow
def test_a_full_disk_under_the_log_blocks_no_writer() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                f"import sys\n{IMPORT}\nwith json_lines():\n"
                "    [print('x' * 99) for _ in range(20_000)]\nsys.stderr.write('went on')",
            ],
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, b"went on")


@pytest.mark.server
def test_a_failure_of_the_server_itself_is_a_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "serving"],
        env={"MODEL_ROOT": str(tmp_path), "PATH": "", "PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "manifest.json: expected Manifest" in json.loads(line)["message"]
