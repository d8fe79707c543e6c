"""Packages constructed by hand, and real servers for them."""

from __future__ import annotations

import json
import math
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import warm_processes
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from packager.manifest.base import FileEntry
from packager.manifest.evaluation import NumericalEnvironment
from packager.manifest.manifest import Column, Manifest, Schema, Serve, Slices

START_SECONDS = 180.0
STOP_SECONDS = 120.0
WORKERS_SECONDS = 180.0
LOGGED_SECONDS = 0.3
COUNTED_SECONDS = 0.5  # twice the interval at which a worker writes its counts
TURN_SECONDS = 0.02

TROUBLE = """
import ctypes
import os
import time

class Predictor:
    classes_ = ["good"]

    @classmethod
    def load(cls, path):
        return cls()

    def predict(self, frame):
        code = frame["code"].iloc[0]
        if code == 1:
            raise RuntimeError("a secret of the model")
        if code == 2:
            raise SystemExit("the model exits")
        if code == 3:
            return ["good"] * (len(frame) + 1)
        if code == 4:
            print("the slow row begins", flush=True)
            time.sleep(4)
        if code == 5:
            time.sleep(3_600)
        if code == 6:
            os._exit(7)
        if code == 7:
            os.kill(os.getpid(), 9)
        if code == 8:
            ctypes.string_at(0)
        return ["good"] * len(frame)
"""


def wait_turns(seconds: float) -> None:
    """Wait until a server has done what it does within ``seconds`` of a quiet machine.

    Where processes wait for a processor this one does, too: its turns are counted, not the time.
    """
    for _ in range(math.ceil(seconds / TURN_SECONDS)):
        time.sleep(TURN_SECONDS)


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Server:
    process: subprocess.Popen[bytes]
    port: int
    home: Path
    log: Path
    answered: list[float] = field(default_factory=lambda: [0.0])
    """When the last prediction was answered."""

    def request(
        self, method: str, path: str, body: bytes | None = None, kind: str | None = None
    ) -> Reply:
        url = f"http://127.0.0.1:{self.port}{path}"
        headers = {"Content-Type": kind} if kind else {}
        request = urllib.request.Request(url, data=body, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return Reply(answer.status, dict(answer.headers), answer.read())
        except urllib.error.HTTPError as error:
            return Reply(error.code, dict(error.headers), error.read())

    def get(self, path: str) -> Reply:
        return self.request("GET", path)

    def predict(self, rows: Any) -> Reply:
        reply = self.request("POST", "/predict", json.dumps({"rows": rows}).encode())
        self.answered[0] = time.monotonic()
        return reply

    def metric(self, name: str, **labels: str) -> float:
        """The sum of all samples of that name with at least these labels, once all are written."""
        self.wait_counted()
        from prometheus_client.parser import text_string_to_metric_families

        families = text_string_to_metric_families(self.get("/metrics").body.decode())
        return sum(
            sample.value
            for family in families
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def lines(self) -> list[dict[str, Any]]:
        """The log, once pending lines are written; every line is a JSON object."""
        wait_turns(LOGGED_SECONDS)
        return self._whole_lines()

    def told(self, wanted: Callable[[dict[str, Any]], object]) -> list[dict[str, Any]]:
        """The lines that are ``wanted``, once there is one: it is written after the answer."""
        until = time.monotonic() + WORKERS_SECONDS
        while not (found := [line for line in self._whole_lines() if wanted(line)]):
            assert time.monotonic() < until, self.log.read_text()
            time.sleep(0.05)
        return found

    def is_at_slow_row(self) -> None:
        """Wait until the model is at the first row with the code 4 that is sent to ``TROUBLE``."""
        self.told(lambda line: "the slow row begins" in line["message"])

    def is_whole(self, workers: int = 2) -> None:
        """Wait until each worker is ready: the first makes the server ready."""
        for number in range(1, workers + 1):
            self.told(
                lambda line, name=f"worker {number} (": (
                    line["message"].startswith(name) and "is ready" in line["message"]
                )
            )

    def _whole_lines(self) -> list[dict[str, Any]]:
        whole = self.log.read_bytes().rpartition(b"\n")[0]
        return [json.loads(line) for line in whole.splitlines()]

    def wait_counted(self) -> None:
        """Wait until earlier answers are in the metrics."""
        wait_turns(self.answered[0] + COUNTED_SECONDS - time.monotonic())

    def workers(self, count: int = 2) -> dict[int, int]:
        """Number of each worker → process, once as many run: the first answers alone."""
        until = time.monotonic() + WORKERS_SECONDS
        while len(found := self.running_workers()) != count:
            assert time.monotonic() < until, self.log.read_text()
            time.sleep(0.05)
        return found

    def running_workers(self) -> dict[int, int]:
        """Number of each worker that runs now → process."""
        pid, found = self.process.pid, {}
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            try:
                name, _, number = Path(f"/proc/{child}/comm").read_text().strip().partition(" ")
            except FileNotFoundError:  # it has ended since
                continue
            if name == "worker":
                found[int(number)] = int(child)
        return found

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS)


@dataclass(frozen=True)
class Package:
    root: Path
    manifest: Manifest
    frame: pd.DataFrame
    model: Pipeline
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Add the files of the package to its manifest, as a build does."""
        named = {
            group: entries_of(self.root / folder)
            for group, folder in (("model", "models"), ("code", "code"), ("files", "package"))
        }
        object.__setattr__(self, "manifest", self.manifest.model_copy(update=named))
        (self.root / "package" / "manifest.json").write_bytes(self.manifest.dump())


def entries_of(folder: Path) -> tuple[FileEntry, ...]:
    """The files below ``folder``, except its own manifest."""
    files = (p for p in sorted(folder.rglob("*")) if p.is_file() and p != folder / "manifest.json")
    return tuple(FileEntry.of(path, path.relative_to(folder).as_posix()) for path in files)


def diamonds() -> pd.DataFrame:
    random = np.random.default_rng(7)
    frame = pd.DataFrame(
        {
            "carat": random.gamma(2, 0.4, 400).round(2) + 0.2,
            "color": random.choice(list("DEFG"), 400, p=[0.4, 0.3, 0.2, 0.1]),
            "tables": random.integers(50, 60, 400),
            "shop": random.choice(["north", "south"], 400),
        }
    )
    frame.loc[::50, "carat"] = np.nan
    return frame


def pipeline(frame: pd.DataFrame) -> Pipeline:
    target = np.where(frame["carat"].fillna(0) > 1, "Fair", "Ideal")
    target[:20] = "Good"
    encoder = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), ["carat", "tables"]),
            ("colors", OneHotEncoder(handle_unknown="ignore"), ["color"]),
        ]
    )
    return make_pipeline(encoder, LogisticRegression()).fit(
        frame[["carat", "color", "tables"]], target
    )


def make_manifest(schema: Schema, **changed: Any) -> Manifest:
    options: dict[str, Any] = {
        "name": "diamonds",
        "version": "1.0.0",
        "task": "classification",
        "schema_": schema,
        "serve": Serve(predictor="auto", compile="off", workers=2, strict=False),
        "slices": Slices(columns={}, rules={}),
        "recipe": "none",
        "data": "none",
        "evaluation": None,
        "environment": NumericalEnvironment(
            python="3.11",
            machine="x86_64",
            cpu="a cpu",
            cpu_features=(),
            blas=(),
            threads=1,
            isolation="process",
        ),
        "runtime": "0" * 64,
        "code": (),
        "model": (),
        "files": (),
        "platforms": {},
    }
    return Manifest(**(options | changed))


def lay_out(root: Path) -> None:
    """Make the folders of a package; ``Package`` writes its manifest once its files are there."""
    for name in ("code", "models", "package"):
        (root / name).mkdir(parents=True)


def diamonds_schema(frame: pd.DataFrame) -> Schema:
    text = str(frame["color"].dtype)
    return Schema(
        features=(
            Column(
                name="carat",
                kind="number",
                dtype="float64",
                nullable=True,
                minimum=float(frame["carat"].min()),
                maximum=float(frame["carat"].max()),
            ),
            Column(
                name="color",
                kind="string",
                dtype=text,
                nullable=False,
                categories=("D", "E", "F", "G"),
            ),
            Column(
                name="tables", kind="integer", dtype="int64", nullable=False, minimum=50, maximum=59
            ),
        ),
        extras=(
            Column(
                name="shop",
                kind="string",
                dtype=text,
                nullable=False,
                categories=("north", "south"),
            ),
        ),
        target=Column(name="cut", kind="string", dtype=text, nullable=False),
        classes=("Fair", "Good", "Ideal"),
    )


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


SERVING = ("-m", "serving")
WITHOUT_PAUSES = (
    "-c",
    "import runpy, serving.processes.exit_reasons as its; its.MAX_PAUSE_SECONDS = 0.0;"
    " runpy.run_module('serving', run_name='__main__')",
)
"""As ``SERVING``, but a process that ended is started again at once, however often it did."""


def start(
    package: Package,
    folder: Path,
    log_to: int | None = None,
    program: Sequence[str] | None = None,
    **environment: str,
) -> Server:
    """Start ``python -m serving`` as the image does, without waiting for it.

    ``log_to``: a descriptor for the log, instead of the file. ``program``: Python's arguments of a
    new interpreter, such as ``SERVING``; else one is forked that has imported its libraries.
    """
    home, log = folder / "home", folder / "log"
    port = int(environment.get("MODEL_PORT", free_port()))
    code = package.root / "code"
    ours = str(Path(__file__).parents[2])
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MODEL_", "BENTOML_", "PROMETHEUS_"))
    }
    with log.open("wb") as file:
        variables = {
            **inherited,
            "MODEL_ROOT": str(package.root),
            "MODEL_HOST": "127.0.0.1",
            "MODEL_PORT": str(port),
            "BENTOML_HOME": str(home),
            "PYTHONPATH": os.pathsep.join([str(code), str(code / "src"), ours]),
            **package.environment,
            **environment,
        }
        options: dict[str, Any] = {
            "cwd": code,
            "stdout": file if log_to is None else log_to,
            "stderr": subprocess.STDOUT,
        }
        if program is None:
            process = warm_processes.serving(variables, **options)
        else:
            process = subprocess.Popen([sys.executable, *program], env=variables, **options)
    return Server(process, port, home, log)


def wait_ready(server: Server) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and server.process.poll() is None:
        try:
            if server.get("/readyz").status == 200:
                return
        except OSError:
            time.sleep(0.1)
    server.process.kill()
    raise AssertionError(f"the server did not start:\n{server.log.read_text()}")


def memory(server: Server) -> int:
    """Kilobytes of resident memory of the workers."""
    pid = server.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    found = 0
    for child in children:
        status = Path(f"/proc/{child}/status").read_text()
        found += int(status.partition("VmRSS:")[2].split()[0])
    return found
