"""Packages with synthetic data and their servers, shared by the monitoring benchmarks."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from packager.engine.usage import process_tree_usage
from packager.image.reference import open_reference
from packager.runners.local import unpacked_package

PACKAGE = Path(sys.executable).parent / "package"
PROJECT = """
[package]
name = "{name}"
version = "1.0.0"
task = "{task}"

[data]
source = "data/rows.parquet"
target = "target"
embed = "none"

[recipe]
train = "train:train"
seed = 7

[requirements]
file = "requirements.txt"

[slices]
columns = {columns}
[slices.rules]
{rules}
"""
TRAIN = """
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler


def train(features, target, *, params, seed):
    encoder = make_column_transformer(
        (StandardScaler(), make_column_selector(dtype_include="number")),
        (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_exclude="number")),
    )
    numbers = target.dtype.kind == "f"
    return make_pipeline(encoder, Ridge() if numbers else LogisticRegression(max_iter=300)).fit(
        features, target
    )
"""
START_SECONDS = 120


@dataclass(frozen=True)
class SyntheticData:
    """A data set with the column ``target``, and the slices to declare."""

    name: str
    task: str
    frame: pd.DataFrame
    columns: tuple[str, ...] = ()
    rules: tuple[tuple[str, str], ...] = ()

    def rows(self, count: int, seed: int = 0) -> list[dict[str, Any]]:
        """Randomly drawn rows as a client sends them."""
        features = self.frame.drop(columns="target").sample(count, random_state=seed)
        rows: list[dict[str, Any]] = json.loads(features.to_json(orient="records"))
        return rows


@dataclass(frozen=True)
class RunningServer:
    """A running server; ``pid`` is its parent process."""

    url: str
    pid: int

    def cpu(self) -> float:
        """Processor time of its processes so far, in seconds."""
        used = process_tree_usage(self.pid)
        assert used is not None
        return used.cpu_seconds

    def post(self, path: str, document: Any) -> Any:
        headers = {"Content-Type": "application/json"}
        body = json.dumps(document).encode()
        request = urllib.request.Request(f"{self.url}{path}", body, headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def metrics(self) -> bytes:
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=60) as answer:
            found: bytes = answer.read()
        return found


def mixed(rows: int, numbers: int, texts: int, classes: int, seed: int = 7) -> pd.DataFrame:
    """Normal numbers and texts with few distinct values; ``target`` depends on some of both.

    ``classes`` 0 gives a regression target.
    """
    random = np.random.default_rng(seed)
    columns = {f"number_{i}": random.normal(i, i + 1, rows) for i in range(numbers)}
    for place in range(texts):
        values = [f"value {place} {letter}" for letter in "abcdefghij"[: place % 8 + 3]]
        columns[f"text_{place}"] = random.choice(values, rows)
    frame = pd.DataFrame(columns)
    score = frame["number_1"] + 2.0 * frame["text_0"].str.endswith("a") + random.normal(size=rows)
    if classes:
        score = pd.qcut(score, classes, labels=[f"class {i:02}" for i in range(classes)])
        score = score.astype(str)
    return frame.assign(target=score)


def build(made: SyntheticData, folder: Path) -> Path:
    """Build the package of ``made`` without an engine; return its OCI folder."""
    project = folder / made.name
    (project / "data").mkdir(parents=True)
    made.frame.to_parquet(project / "data" / "rows.parquet", index=False)
    rules = "\n".join(f"{name} = {json.dumps(rule)}" for name, rule in made.rules)
    columns = json.dumps(list(made.columns))
    text = PROJECT.format(name=made.name, task=made.task, columns=columns, rules=rules)
    (project / "package.toml").write_text(text)
    (project / "train.py").write_text(TRAIN)
    (project / "requirements.txt").write_text("scikit-learn\npandas\npyarrow\n")
    image = folder / f"{made.name}-image"
    engineless = {**os.environ, "DOCKER_HOST": "tcp://127.0.0.1:1"}
    command = [PACKAGE, "build", project, "--output", f"oci:{image}"]
    subprocess.run(command, check=True, env=engineless)
    return image


@contextmanager
def server(image: Path, folder: Path, **settings: str) -> Iterator[RunningServer]:
    """Serve ``image`` in local processes; the log is ``folder/log``."""
    with open_reference(str(image), None) as found, unpacked_package(found.image().layers) as root:
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            port = listening.getsockname()[1]
        place = {"MODEL_HOST": "127.0.0.1", "MODEL_PORT": str(port)}
        variables = {**root.variables(), **settings, **place}
        command = [str(root.python), "-m", "serving"]
        with (folder / "log").open("ab") as log:
            process = subprocess.Popen(
                command, cwd=root.path / "code", env=variables, stdout=log, stderr=log
            )
        try:
            _wait(process, port, folder / "log")
            yield RunningServer(f"http://127.0.0.1:{port}", process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"the server isn't ready:\n{log.read_text()[-2000:]}")
