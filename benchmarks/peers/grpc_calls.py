"""One row over gRPC from 16 clients: this server beside MLServer, with the same model, in one run.

``h2load`` is the client, because one in Python takes more processor time than a server. It reports
the status of HTTP only, so the bytes of all answers are compared with those of a right one.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import h2load
import joblib
import numpy as np
import pandas as pd
from environments import environment
from models import PACKAGE
from server import THREADS
from servers import MLSERVER

from packager.engine.usage import process_tree_usage
from packager.image.reference import open_reference
from packager.manifest.manifest import Manifest
from packager.runners.local import UnpackedPackage, unpacked_package
from serving.grpc.framing import framed
from serving.grpc.messages import MESSAGES
from serving.grpc.methods import INFER

ROWS, FEATURES = 5_000, 10
START_SECONDS = 120
SETTLED_LOOKS = 4
"""Intervals of 0.3 s that a server has to use less than a tenth of a processor in."""
PROJECT = """
[package]
name = "{name}"
version = "1.0.0"
task = "classification"

[data]
source = "rows.csv"
target = "target"
embed = "none"

[recipe]
train = "train:{name}"
seed = 7

[requirements]
file = "requirements.txt"

[serve]
grpc = true
"""
TRAIN = """
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression


def linear(features, target, *, params, seed):
    return LogisticRegression().fit(features, target)


def boosting(features, target, *, params, seed):
    model = HistGradientBoostingClassifier(early_stopping=False, random_state=seed)
    return model.fit(features, target)
"""
MODELS = ("linear", "boosting")
ONE_THREAD = dict.fromkeys(THREADS, "1")


@dataclass(frozen=True)
class GrpcServer:
    """A server to start: its name, command, variables and port."""

    name: str
    command: Sequence[str]
    variables: dict[str, str]
    port: int
    output: str
    """The name of the tensor with the labels."""


@dataclass(frozen=True)
class Figures:
    """Of one round."""

    rate: float
    p50: float
    p99: float
    """Milliseconds."""
    cpu: float
    """Microseconds of processor time of the server's processes, a request."""
    client: float
    """The part of one processor that h2load used, 0 to 1: near 1 it would be the limit."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--port", type=int, default=18200)
    parser.add_argument("--models", nargs="+", default=MODELS, choices=MODELS)
    chosen = parser.parse_args()
    if shutil.which("h2load") is None:
        sys.exit("h2load is missing: apt-get install nghttp2-client")
    print(f"load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as name:
        for model in chosen.models:
            compared(model, Path(name) / model, chosen)


def compared(model: str, folder: Path, chosen: argparse.Namespace) -> None:
    """Build the package of ``model``, measure the servers in turn, print the table."""
    frame = data()
    image = built(model, frame, folder)
    with open_reference(str(image), None) as found, unpacked_package(found.image().layers) as root:
        servers = [ours(root, chosen.port), *mlservers(folder, chosen.port)]
        manifest = Manifest.load(root.path / "package" / "manifest.json")
        print(f"{model}: compiled form {manifest.compiled.verdict}")
        row = frame.drop(columns="target").to_numpy()[0]
        estimator = without_names(root.path / "models" / "model", folder / "model")
        expected = estimator.predict([row])[0]
        rounds: dict[str, list[Figures]] = {one.name: [] for one in servers}
        for number in range(chosen.rounds):
            for one in servers if number % 2 == 0 else servers[::-1]:
                rounds[one.name].append(measured(one, model, row, expected, chosen.seconds))
    first = rounds[servers[0].name]
    head = ("req/s", "p50 ms", "p99 ms", "CPU µs a request", "h2load", "ours / it, rounds")
    print(f"\n| {' | '.join((model, *head, 'CPU, it / ours'))} |\n|{'---|' * 8}")
    for name, each in rounds.items():
        rate, p50, p99, cpu = (middle(each, of) for of in ("rate", "p50", "p99", "cpu"))
        busy = max(one.client for one in each)
        ratios = [own.rate / other.rate for own, other in zip(first, each, strict=True)]
        shown = " · ".join(f"{ratio:.1f}" for ratio in ratios)
        line = f"| {name} | {rate:,.0f} | {p50:.2f} | {p99:.1f} | {cpu:,.0f} | {busy:.0%} | {shown}"
        print(f"{line} | {cpu / middle(first, 'cpu'):.1f} |", flush=True)


def middle(rounds: Sequence[Figures], of: str) -> float:
    """The median of a figure."""
    return statistics.median(getattr(one, of) for one in rounds)


def data() -> pd.DataFrame:
    """Normal numbers; the class depends on three of them."""
    random = np.random.default_rng(7)
    values = random.normal(size=(ROWS, FEATURES)).round(6)
    frame = pd.DataFrame({f"x{place}": values[:, place] for place in range(FEATURES)})
    return frame.assign(target=(values[:, 0] + values[:, 1] * values[:, 2] > 0).astype(int))


def built(model: str, frame: pd.DataFrame, folder: Path) -> Path:
    """The OCI folder of the package."""
    folder.mkdir()
    frame.to_csv(folder / "rows.csv", index=False)
    (folder / "package.toml").write_text(PROJECT.format(name=model))
    (folder / "train.py").write_text(TRAIN)
    (folder / "requirements.txt").write_text("scikit-learn==1.9.1\npandas\n")
    image = folder.with_name(f"{model}-image")
    engineless = {**os.environ, "DOCKER_HOST": "tcp://127.0.0.1:1"}
    command = [PACKAGE, "build", folder, "--output", f"oci:{image}"]
    subprocess.run(command, check=True, env=engineless, stdout=subprocess.DEVNULL)
    return image


def without_names(model: Path, copy: Path) -> Any:
    """The same model for arrays: with names, scikit-learn warns of each row without."""
    estimator = joblib.load(model)
    del estimator.feature_names_in_
    joblib.dump(estimator, copy)
    return estimator


def ours(root: UnpackedPackage, port: int) -> GrpcServer:
    variables = {
        **root.variables(),
        "MODEL_HOST": "127.0.0.1",
        "MODEL_PORT": str(port + 1),
        "MODEL_GRPC_PORT": str(port),
    }
    return GrpcServer("ours", [str(root.python), "-m", "serving"], variables, port, "prediction")


def mlservers(folder: Path, port: int) -> Iterator[GrpcServer]:
    """MLServer with the model in its own process, and in two processes beside it."""
    bin_folder = environment("mlserver", MLSERVER)
    for workers in (0, 2):
        home = folder / f"mlserver-{workers}"
        home.mkdir()
        settings = {"host": "127.0.0.1", "http_port": port + 1, "grpc_port": port, "debug": False}
        settings |= {"metrics_port": port + 2, "parallel_workers": workers}
        model = {
            "name": folder.name,
            "implementation": "mlserver_sklearn.SKLearnModel",
            "parameters": {"uri": str(folder / "model")},
        }
        (home / "settings.json").write_text(json.dumps(settings))
        (home / "model-settings.json").write_text(json.dumps(model))
        command = [str(bin_folder / "mlserver"), "start", str(home)]
        name = f"MLServer, parallel_workers {workers}"
        yield GrpcServer(name, command, {**os.environ, **ONE_THREAD}, port, "predict")


def measured(
    server: GrpcServer, model: str, row: np.ndarray, expected: object, seconds: int
) -> Figures:
    message = MESSAGES["ModelInferRequest"](model_name=model)
    tensor = message.inputs.add(name="x", datatype="FP64", shape=[1, FEATURES])
    tensor.contents.fp64_contents.extend(row.tolist())
    with started(server) as process, tempfile.NamedTemporaryFile() as body:
        asked = h2load.Asked(f"http://127.0.0.1:{server.port}{INFER}", Path(body.name))
        answer = answered(server, process, message)
        [labels] = [one for one in answer.outputs if one.name == server.output]
        got = [*labels.contents.int64_contents]
        if got != [expected]:
            raise SystemExit(f"{server.name}: expected {expected}, got {got}")
        Path(body.name).write_bytes(framed(message.SerializeToString()))
        settled(process.pid)
        h2load.load(asked, max(1, seconds // 3))
        before = process_tree_usage(process.pid)
        report = h2load.load(asked, seconds)
        after = process_tree_usage(process.pid)
    done = report.answers
    if not done:
        raise SystemExit(f"{server.name}: no call was answered:\n{report.text}")
    size = report.body_bytes / done
    if abs(size - len(framed(answer.SerializeToString()))) > 8:  # ids differ in length
        raise SystemExit(f"{server.name}: answers of {size:.0f} bytes are no right ones")
    assert before is not None and after is not None  # noqa: PT018
    times, rate = report.milliseconds, done / seconds
    cpu = (after.cpu_seconds - before.cpu_seconds) / done * 1e6
    return Figures(
        rate, times[len(times) // 2], times[len(times) * 99 // 100], cpu, report.processors
    )


def settled(pid: int) -> None:
    """Wait until the server has loaded all it loads: it may answer while it still does."""
    end, idle = time.monotonic() + START_SECONDS, 0
    while idle < SETTLED_LOOKS and time.monotonic() < end:
        before = process_tree_usage(pid)
        time.sleep(0.3)
        after = process_tree_usage(pid)
        assert before is not None and after is not None  # noqa: PT018
        idle = idle + 1 if after.cpu_seconds - before.cpu_seconds < 0.03 else 0


@contextmanager
def started(server: GrpcServer) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        server.command,
        env=server.variables,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def answered(server: GrpcServer, process: subprocess.Popen[bytes], message: object) -> object:
    """The first right answer."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            call = channel.unary_unary(
                INFER,
                request_serializer=lambda one: one.SerializeToString(),
                response_deserializer=MESSAGES["ModelInferResponse"].FromString,
            )
            try:
                return call(message, timeout=5)
            except grpc.RpcError:
                time.sleep(0.2)
    raise SystemExit(f"{server.name}: no answer in {START_SECONDS} s")


if __name__ == "__main__":
    main()
