"""Images of this project's packages and of the peers, made without a registry.

A peer's image is this project's base and the ``site-packages`` of the peer's environment, which the
host's Python of the same minor version has compiled.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from environments import environment
from models import PACKAGE, RECIPES, Model, project_files, write_project
from server import APPS, QUIET, THREADS, NotServedError, Server
from servers import BENTOML, BY_HAND, COMPILED, MLFLOW, PANDAS, SERVERS, mlflow_saved

from packager.cache import cache_directory

WORKERS, PORT = 2, 8080
SITE, APP = "/peer/site", "/peer/app"
UVICORN = ["-m", "uvicorn", "--no-access-log", "--log-level", "warning", "--host", "0.0.0.0"]
UVICORN += ["--port", str(PORT), "--workers", str(WORKERS)]


@dataclass(frozen=True)
class Contained:
    """A server in an image, and its variables for ``docker run``."""

    name: str
    server: Server
    """How it is asked."""
    image: str
    variables: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Peer:
    """How the image of a peer is made."""

    server: str
    environment: tuple[str, tuple[str, ...]]
    """Name and requirements."""
    arguments: list[str]
    """Of Python."""
    add: Callable[[Model, Path], dict[str, str]]
    """Writes the model to a folder of the image; returns variables."""


def _model_file(model: Model, folder: Path) -> dict[str, str]:
    shutil.copy(model.file, folder / "model")
    return {"PEER_MODEL": f"{APP}/model"}


def _package(model: Model, folder: Path) -> dict[str, str]:
    if model.compiled is None:
        raise NotServedError(f"not compiled: {model.refused}")
    for part in ("opt/runtime", "package", "models", "code"):
        shutil.copytree(model.compiled.path / part, folder / "root" / part)
    root = f"{APP}/root"
    path = model.compiled.variables()["PYTHONPATH"].replace(str(model.compiled.path), root)
    return {"MODEL_ROOT": root, "PYTHONPATH": f"{path}:{APP}:{SITE}"}


def _mlflow_folder(model: Model, folder: Path) -> dict[str, str]:
    mlflow_saved(model.file, folder / "saved")
    return {"__pyfunc_model_path__": f"{APP}/saved"}


PEERS = (
    _Peer(BY_HAND, ("fastapi", COMPILED), [*UVICORN, "fastapi_compiled:app"], _package),
    _Peer(PANDAS, ("fastapi", COMPILED), [*UVICORN, "fastapi_pandas:app"], _model_file),
    _Peer(
        "BentoML",
        ("bentoml", BENTOML),
        ["-m", "bentoml", "serve", "bento_plain:Model", "--host", "0.0.0.0", "--port", str(PORT)],
        _model_file,
    ),
    # What `mlflow models serve` executes by a shell.
    _Peer(
        "MLflow",
        ("mlflow", MLFLOW),
        [*UVICORN, "mlflow.pyfunc.scoring_server.app:app"],
        _mlflow_folder,
    ),
)


def own_image(recipe: str, frame: pd.DataFrame, target: str, mode: str, base: str) -> list[str]:
    """Build a package into the engine; return the tags of its image and of its companion."""
    with tempfile.TemporaryDirectory(prefix="peer-") as name:
        project = Path(name) / "project"
        write_project(project, project_files(recipe, frame, target, mode))
        command = [
            str(PACKAGE),
            "build",
            str(project),
            "--base",
            base,
            "--allow-findings",
            "--json",
        ]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)}:\n{done.stderr}")
        built = json.loads(done.stdout)
        return [built["tag"], built["companion"]["tag"]]


def peer_image(peer: _Peer, model: Model, base: str) -> Contained:
    """The image of ``peer`` with ``model``; that of its environment stays in the engine."""
    (server,) = (server for server in SERVERS if server.name == peer.server)
    below = _environment_image(*peer.environment, base)
    with _context() as folder:
        app = folder / "app"
        app.mkdir()
        for file in (*APPS.glob("*.py"), RECIPES):
            shutil.copy(file, app)
        threads = dict.fromkeys(THREADS, str(max(1, (os.cpu_count() or 1) // WORKERS)))
        variables = {**QUIET, **threads, "PYTHONPATH": f"{APP}:{SITE}", "HOME": "/tmp"}
        variables |= {"PEER_WORKERS": str(WORKERS), **peer.add(model, app)}
        lines = [f"FROM {below}", f"COPY app {APP}", f"WORKDIR {APP}"]
        lines += [f"ENV {name}={json.dumps(value)}" for name, value in variables.items()]
        lines += [f"CMD {json.dumps(['python3', *peer.arguments])}"]
        tag = f"benchmark-peer:{peer.server.lower().replace(', ', '-')}"
        _build(folder, lines, tag)
    return Contained(peer.server, server, tag)


def _environment_image(name: str, requirements: tuple[str, ...], base: str) -> str:
    root = environment(name, requirements).parent
    tag = f"benchmark-environment:{root.name}"
    found = subprocess.run(["docker", "image", "inspect", tag], capture_output=True)
    if found.returncode:
        (site,) = root.glob("lib/python3.*/site-packages")
        with _context() as folder:
            subprocess.run(["cp", "-al", str(site), str(folder / "site")], check=True)
            _build(folder, [f"FROM {base}", f"COPY site {SITE}"], tag)
    return tag


@contextmanager
def _context() -> Iterator[Path]:
    """A temporary folder beside the environments, so that their files can be linked."""
    with tempfile.TemporaryDirectory(prefix="context-", dir=cache_directory("peers")) as name:
        yield Path(name)


def _build(folder: Path, lines: list[str], tag: str) -> None:
    (folder / "Dockerfile").write_text("\n".join(lines) + "\n")
    command = ["docker", "build", "--quiet", "--network", "none", "--tag", tag, str(folder)]
    environment = {**os.environ, "DOCKER_BUILDKIT": "0"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise NotServedError(" ".join(done.stderr.split())[-300:])
