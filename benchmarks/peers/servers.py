"""The servers of the comparison: requirements, start command, request and response formats."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from environments import environment
from models import CEILING, RECIPES, Model

APPS = Path(__file__).parent / "apps"
CORES = len(os.sched_getaffinity(0))
QUIET = {
    "BENTOML_DO_NOT_TRACK": "True",
    "DO_NOT_TRACK": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "PYTHONUNBUFFERED": "1",
}
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

FASTAPI = ("fastapi==0.165.0", "uvicorn[standard]==0.54.0", "orjson==3.13.0")
# Packages that the compiled predictor imports.
COMPILED = (*FASTAPI, "treelite==4.8.1", "pydantic==2.14.3")
BENTOML = ("bentoml==1.4.39",)
LITSERVE = ("litserve==0.2.19",)
# MLServer's workers don't start with a later uvloop, which creates no event loop implicitly.
MLSERVER = ("uvloop==0.21.0", "mlserver==1.7.1", "mlserver-sklearn==1.7.1")
MLFLOW = ("mlflow==3.17.2",)

Rows = list[dict[str, Any]]
# Per row: the label (None if the server returns none), and the probabilities.
Answer = tuple[list[Any], list[list[float]]]


class NotServedError(Exception):
    """A server can't be measured with a model; holds the reason."""


@dataclass(frozen=True)
class Run:
    """Arguments of a server's start: its folder, a model, a port, a number of workers."""

    folder: Path
    model: Model
    port: int
    workers: int


@dataclass(frozen=True)
class Started:
    """A command and its additional environment variables."""

    command: list[str]
    variables: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Server:
    """One way to serve a model over HTTP."""

    name: str
    start: Callable[[Run], Started]
    """Makes the files it needs, once or for this run, and returns its command."""
    body: Callable[[Rows], dict[str, Any]]
    answer: Callable[[Any, list[Any]], Answer]
    path: str = "/predict"
    ready: str = "/ready"

    def launch(self, run: Run, started: Started) -> subprocess.Popen[bytes]:
        """Start it in a new process group; its output goes to ``log`` in its folder."""
        given = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
        threads = dict.fromkeys(THREADS, str(max(1, CORES // run.workers)))
        mine = {
            "PATH": f"{Path(started.command[0]).parent}:{os.defpath}",
            "PEER_MODEL": str(run.model.file),
            "PEER_PORT": str(run.port),
            "PEER_WORKERS": str(run.workers),
            "PYTHONPATH": f"{RECIPES.parent}:{APPS}",
        }
        with (run.folder / "log").open("wb") as log:
            return subprocess.Popen(
                started.command,
                cwd=run.folder,
                env={**given, **QUIET, **threads, **mine, **started.variables},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )


def _ours(compiled: bool) -> Callable[[Run], Started]:
    def start(run: Run) -> Started:
        root = run.model.compiled if compiled else run.model.native
        if root is None:
            raise NotServedError(f"not compiled: {run.model.refused}")
        own = {"MODEL_HOST": "127.0.0.1", "MODEL_PORT": str(run.port)}
        variables = {**root.variables(), **own, "MODEL_WORKERS": str(run.workers)}
        return Started([str(root.python), "-m", "serving"], variables)

    return start


def _uvicorn(bin_folder: Path, app: str, run: Run) -> list[str]:
    command = [str(bin_folder / "python"), "-m", "uvicorn", app, "--no-access-log"]
    command += ["--log-level", "warning", "--host", "127.0.0.1", "--port", str(run.port)]
    return [*command, "--workers", str(run.workers)]


def _fastapi(run: Run) -> Started:
    return Started(_uvicorn(environment("fastapi", COMPILED), "fastapi_pandas:app", run))


def _fastapi_compiled(run: Run) -> Started:
    root = run.model.compiled
    if root is None:
        raise NotServedError(f"not compiled: {run.model.refused}")
    command = _uvicorn(environment("fastapi", COMPILED), "fastapi_compiled:app", run)
    runtime = f"{root.path / 'opt/runtime'}:{RECIPES.parent}:{APPS}"
    return Started(command, {"MODEL_ROOT": str(root.path), "PYTHONPATH": runtime})


def _ceiling(run: Run) -> Started:
    if run.model.name != "linear" or len(run.model.classes) != 2:
        raise NotServedError("compiled by hand for logistic regression with two classes only")
    hand = run.folder / "model.json"
    hand.write_text(json.dumps(CEILING["hand_compiled"](run.model.estimator)))
    (run.folder / "bare.py").write_text(CEILING["CEILING"].format(path=str(hand)))
    command = _uvicorn(environment("fastapi", COMPILED), "bare:app", run)
    return Started(command, {"PYTHONPATH": str(run.folder)})


def _bentoml(app: str) -> Callable[[Run], Started]:
    def start(run: Run) -> Started:
        command = [str(environment("bentoml", BENTOML) / "bentoml"), "serve", f"{app}:Model"]
        command += ["--host", "127.0.0.1", "--port", str(run.port)]
        return Started(command, {"BENTOML_HOME": str(run.folder / "bentoml")})

    return start


def _litserve(_: Run) -> Started:
    app = APPS / "litserve_batching.py"
    return Started([str(environment("litserve", LITSERVE) / "python"), str(app)])


def _mlserver(run: Run) -> Started:
    settings = {"host": "127.0.0.1", "http_port": run.port, "parallel_workers": run.workers}
    # Move its other listeners to ports that are free.
    settings |= {"grpc_port": run.port + 1, "metrics_port": run.port + 2, "debug": False}
    model = {
        "name": "model",
        "implementation": "mlserver_sklearn.SKLearnModel",
        "parameters": {"uri": str(run.model.file)},
    }
    (run.folder / "settings.json").write_text(json.dumps(settings))
    (run.folder / "model-settings.json").write_text(json.dumps(model))
    command = [str(environment("mlserver", MLSERVER) / "mlserver"), "start", str(run.folder)]
    return Started(command)


def _mlflow(run: Run) -> Started:
    bin_folder, saved = environment("mlflow", MLFLOW), run.folder / "saved"
    command = [str(bin_folder / "python"), str(APPS / "mlflow_model.py")]
    surroundings = {**os.environ, **QUIET, "PYTHONPATH": str(RECIPES.parent)}
    done = subprocess.run(
        [*command, str(run.model.file), str(saved)],
        env=surroundings,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise NotServedError(f"mlflow can't save it: {done.stderr.strip().splitlines()[-1]}")
    command = [str(bin_folder / "mlflow"), "models", "serve", "-m", str(saved)]
    command += ["--env-manager", "local", "-h", "127.0.0.1", "-p", str(run.port)]
    return Started([*command, "-w", str(run.workers)])


def _rows(rows: Rows) -> dict[str, Any]:
    return {"rows": rows}


def _split(rows: Rows) -> dict[str, Any]:
    columns = list(rows[0])
    data = [[row[name] for name in columns] for row in rows]
    return {"dataframe_split": {"columns": columns, "data": data}}


def _tensors(rows: Rows) -> dict[str, Any]:
    """Open Inference Protocol V2 with a tensor per column, read as a DataFrame."""
    inputs = []
    for name, value in rows[0].items():
        kind = {float: "FP64", int: "INT64"}.get(type(value), "BYTES")
        given: dict[str, Any] = {"name": name, "shape": [len(rows), 1], "datatype": kind}
        given["data"] = [row[name] for row in rows]
        if kind == "BYTES":
            given["parameters"] = {"content_type": "str"}
        inputs.append(given)
    wanted = [{"name": "predict_proba"}]
    return {"parameters": {"content_type": "pd"}, "inputs": inputs, "outputs": wanted}


def _labelled(answers: list[dict[str, Any]], classes: list[Any]) -> Answer:
    chances = [answer["probabilities"] for answer in answers]
    rows = [[row[name] for name in map(str, classes)] for row in chances]
    return [answer["prediction"] for answer in answers], rows


def _predictions(content: Any, classes: list[Any]) -> Answer:
    return _labelled(content["predictions"], classes)


def _chances(content: Any, _: list[Any]) -> Answer:
    return [], content["predictions"]


def _tensor(content: Any, classes: list[Any]) -> Answer:
    values, width = content["outputs"][0]["data"], len(classes)
    return [], [values[start : start + width] for start in range(0, len(values), width)]


V2 = "/v2/models/model"
OURS, NATIVE, BY_HAND, CEILING_NAME = "ours", "ours, native", "FastAPI, compiled", "bare ASGI"
SERVERS = (
    Server(OURS, _ours(compiled=True), _rows, _predictions, ready="/readyz"),
    Server(NATIVE, _ours(compiled=False), _rows, _predictions, ready="/readyz"),
    Server("FastAPI", _fastapi, _rows, _predictions),
    Server(BY_HAND, _fastapi_compiled, _rows, _predictions),
    Server("BentoML", _bentoml("bento_plain"), _rows, _labelled, ready="/readyz"),
    Server("BentoML, batching", _bentoml("bento_batching"), _rows, _labelled, ready="/readyz"),
    Server("LitServe", _litserve, _rows, _predictions, ready="/health"),
    Server("MLServer", _mlserver, _tensors, _tensor, path=f"{V2}/infer", ready=f"{V2}/ready"),
    Server("MLflow", _mlflow, _split, _chances, path="/invocations", ready="/ping"),
    Server(CEILING_NAME, _ceiling, _rows, _predictions, ready=""),
)
GENERAL = ("FastAPI", "BentoML", "BentoML, batching", "LitServe", "MLServer", "MLflow")
"""Common model servers, without a compiled model."""
