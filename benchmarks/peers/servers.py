"""The servers of the comparison: requirements and start command of each."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import formats
from environments import environment
from models import RECIPES
from server import APPS, QUIET, NotServedError, Run, Server, Started

FASTAPI = ("fastapi==0.165.0", "uvicorn[standard]==0.54.0", "orjson==3.13.0")
# Packages that the compiled predictor imports.
COMPILED = (*FASTAPI, "treelite==4.8.1", "pydantic==2.14.3")
BENTOML = ("bentoml==1.4.39",)
LITSERVE = ("litserve==0.2.19",)
# MLServer's workers don't start with a later uvloop, which creates no event loop implicitly.
MLSERVER = ("uvloop==0.21.0", "mlserver==1.7.1", "mlserver-sklearn==1.7.1")
MLFLOW = ("mlflow==3.17.2",)

WITHOUT_MONITORING = Path(__file__).parents[1] / "unmonitored"
# Waits for more requests at most as long as BentoML's default for its first batches.
MLSERVER_BATCHES = {"max_batch_size": 64, "max_batch_time": 0.01}


def _ours(
    *, compiled: bool, tokens: bool = True, monitored: bool = True
) -> Callable[[Run], Started]:
    def start(run: Run) -> Started:
        root = run.model.compiled if compiled else run.model.native
        if root is None:
            raise NotServedError(f"not compiled: {run.model.refused}")
        variables = {**root.variables(), "MODEL_HOST": "127.0.0.1", "MODEL_PORT": str(run.port)}
        variables |= {"MODEL_WORKERS": str(run.workers)}
        variables |= {} if tokens else {"MODEL_FEEDBACK": "off"}
        if not monitored:
            variables["PYTHONPATH"] = f"{WITHOUT_MONITORING}:{variables['PYTHONPATH']}"
        return Started([str(root.python), "-m", "serving"], variables)

    return start


def uvicorn(bin_folder: Path, app: str, run: Run) -> list[str]:
    """Uvicorn's command for ``app``."""
    command = [str(bin_folder / "python"), "-m", "uvicorn", app, "--no-access-log"]
    command += ["--log-level", "warning", "--host", "127.0.0.1", "--port", str(run.port)]
    return [*command, "--workers", str(run.workers)]


def _fastapi(run: Run) -> Started:
    return Started(uvicorn(environment("fastapi", COMPILED), "fastapi_pandas:app", run))


def _fastapi_numpy(run: Run) -> Started:
    return Started(uvicorn(environment("fastapi", COMPILED), "fastapi_numpy:app", run))


def _fastapi_compiled(run: Run) -> Started:
    root = run.model.compiled
    if root is None:
        raise NotServedError(f"not compiled: {run.model.refused}")
    command = uvicorn(environment("fastapi", COMPILED), "fastapi_compiled:app", run)
    path = f"{root.variables()['PYTHONPATH']}:{RECIPES.parent}:{APPS}"
    return Started(command, {"MODEL_ROOT": str(root.path), "PYTHONPATH": path})


def _bentoml(app: str) -> Callable[[Run], Started]:
    def start(run: Run) -> Started:
        command = [str(environment("bentoml", BENTOML) / "bentoml"), "serve", f"{app}:Model"]
        command += ["--host", "127.0.0.1", "--port", str(run.port)]
        return Started(command, {"BENTOML_HOME": str(run.folder / "bentoml")})

    return start


def _litserve(_: Run) -> Started:
    app = APPS / "litserve_batching.py"
    return Started([str(environment("litserve", LITSERVE) / "python"), str(app)])


def _mlserver(*, batching: bool) -> Callable[[Run], Started]:
    def start(run: Run) -> Started:
        settings = {"host": "127.0.0.1", "http_port": run.port, "parallel_workers": run.workers}
        # Move its other listeners to ports that are free.
        settings |= {"grpc_port": run.port + 1, "metrics_port": run.port + 2, "debug": False}
        model = {
            "name": "model",
            "implementation": "mlserver_sklearn.SKLearnModel",
            "parameters": {"uri": str(run.model.file)},
            **(MLSERVER_BATCHES if batching else {}),
        }
        (run.folder / "settings.json").write_text(json.dumps(settings))
        (run.folder / "model-settings.json").write_text(json.dumps(model))
        command = [str(environment("mlserver", MLSERVER) / "mlserver"), "start", str(run.folder)]
        return Started(command)

    return start


def mlflow_saved(model: Path, saved: Path) -> Path:
    """Have MLflow save ``model`` to the folder ``saved``; return its environment's ``bin``."""
    bin_folder = environment("mlflow", MLFLOW)
    command = [str(bin_folder / "python"), str(APPS / "mlflow_model.py"), str(model), str(saved)]
    surroundings = {**os.environ, **QUIET, "PYTHONPATH": str(RECIPES.parent)}
    done = subprocess.run(command, env=surroundings, capture_output=True, text=True)
    if done.returncode:
        raise NotServedError(f"mlflow can't save it: {done.stderr.strip().splitlines()[-1]}")
    return bin_folder


def _mlflow(run: Run) -> Started:
    saved = run.folder / "saved"
    bin_folder = mlflow_saved(run.model.file, saved)
    command = [str(bin_folder / "mlflow"), "models", "serve", "-m", str(saved)]
    command += ["--env-manager", "local", "-h", "127.0.0.1", "-p", str(run.port)]
    return Started([*command, "-w", str(run.workers)])


def _own(name: str, start: Callable[[Run], Started], *, monitored: bool = True) -> Server:
    return Server(
        name, start, formats.rows, formats.predictions, ready="/readyz", monitored=monitored
    )


V2 = "/v2/models/model"
OURS, NATIVE, NO_TOKENS, NO_MONITORING = "ours", "ours, native", "ours, no tokens", "ours, bare"
BY_HAND, PANDAS = "FastAPI, compiled", "FastAPI"
BINARY, NUMPY = "ours, V2 binary", "FastAPI, NumPy"
SERVERS = (
    _own(OURS, _ours(compiled=True)),
    _own(NO_TOKENS, _ours(compiled=True, tokens=False)),
    _own(NO_MONITORING, _ours(compiled=True, tokens=False, monitored=False), monitored=False),
    _own(NATIVE, _ours(compiled=False)),
    Server(
        BINARY,
        _ours(compiled=False),
        formats.raw_arrays,
        formats.tensor,
        path="/v2/models/peers-arrays/infer",
        ready="/readyz",
        monitored=True,
    ),
    Server(NUMPY, _fastapi_numpy, formats.rows, formats.predictions),
    Server(PANDAS, _fastapi, formats.rows, formats.predictions),
    Server(BY_HAND, _fastapi_compiled, formats.rows, formats.predictions),
    Server("BentoML", _bentoml("bento_plain"), formats.rows, formats.labelled, ready="/readyz"),
    Server(
        "BentoML, batching",
        _bentoml("bento_batching"),
        formats.rows,
        formats.labelled,
        ready="/readyz",
    ),
    Server("LitServe", _litserve, formats.rows, formats.predictions, ready="/health"),
    *(
        Server(
            name,
            _mlserver(batching=batching),
            formats.tensors,
            formats.tensor,
            path=f"{V2}/infer",
            ready=f"{V2}/ready",
        )
        for name, batching in (("MLServer", False), ("MLServer, batching", True))
    ),
    Server("MLflow", _mlflow, formats.split, formats.chances, path="/invocations", ready="/ping"),
)
BATCHING = ("BentoML, batching", "LitServe", "MLServer, batching")
"""Model servers that predict waiting requests together."""
GENERAL = (PANDAS, "BentoML", "MLServer", "MLflow", *BATCHING)
"""Common model servers, without a compiled model."""
