"""Two small packages, and a server for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import joblib
import pandas as pd
import pytest
from in_process import hosted
from serving_helpers import (
    SERVING,
    TROUBLE,
    Package,
    Server,
    diamonds,
    diamonds_schema,
    lay_out,
    make_manifest,
    pipeline,
    start,
    wait_ready,
)

from modelhost.model import LoadedModel
from monitoring.stats.binning import build_profile
from packager.manifest.evaluation import Evaluation, Golden, MetricValues
from packager.manifest.manifest import Column, Schema, Serve, Slices
from packager.worker.compile.compile import compile_model

Starter = Callable[..., Server]


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """A scikit-learn pipeline, compiled, with profile, slices, evaluation and golden rows."""
    root = tmp_path_factory.mktemp("diamonds")
    frame = diamonds()
    model = pipeline(frame)
    manifest = make_manifest(
        diamonds_schema(frame),
        slices=Slices(
            columns={"color": ("D", "E"), "shop": ("north", "south")},
            rules={"large": "carat >= 1.5"},
        ),
        evaluation=Evaluation(
            overall=MetricValues(rows=80, values={"accuracy": 0.75}),
            slices={"large": MetricValues(rows=8, values={"accuracy": 0.5})},
        ),
    )
    lay_out(root)
    joblib.dump(model, root / "models" / "model", protocol=5)
    loaded = LoadedModel(model, "classification", manifest.schema_.classes, has_probabilities=True)
    verdict = compile_model(
        hosted(loaded), manifest.schema_, frame, root / "package" / "compiled", "require"
    )
    manifest = manifest.model_copy(update={"compiled": verdict})
    kinds = [("carat", "number"), ("color", "string"), ("tables", "integer")]
    profile = build_profile(frame, kinds)
    (root / "package" / "profile.json").write_text(profile.model_dump_json())
    golden = Golden(rows=({"carat": 0.5, "color": "E", "tables": 55},), expected=())
    (root / "package" / "golden.json").write_bytes(golden.dump())
    return Package(root, manifest, frame, model)


@pytest.fixture(scope="session")
def failing_package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """A project's own predictor, which fails as the ``code`` of its first row says."""
    root = tmp_path_factory.mktemp("trouble")
    frame = pd.DataFrame({"code": [0, 1]})
    schema = Schema(
        features=(Column(name="code", kind="integer", dtype="int64", nullable=False),),
        classes=("good",),
    )
    serve = Serve(predictor="trouble:Predictor", compile="off", workers=1, strict=True)
    manifest = make_manifest(schema, serve=serve)
    lay_out(root)
    (root / "code" / "trouble.py").write_text(TROUBLE)
    (root / "models" / "model").write_text("nothing is read from here")
    limits = {
        "MODEL_MAX_QUEUE": "1",
        "MODEL_DEADLINE_SECONDS": "2",
        "MODEL_MAX_BODY_BYTES": "1000",
    }
    return Package(root, manifest, frame, model=None, environment=limits)


@contextmanager
def starter(folders: pytest.TempPathFactory) -> Iterator[Starter]:
    """Start servers that are stopped at the end of the block.

    The process of a model that is compiled starts as soon as a row needs it: most tests send none.
    """
    servers: list[Server] = []

    def start_one(
        package: Package, program: Sequence[str] | None = None, **environment: str
    ) -> Server:
        environment = {"MODEL_NATIVE": "lazy", **environment}
        server = start(package, folders.mktemp("server"), program=program, **environment)
        servers.append(server)
        wait_ready(server)
        return server

    try:
        yield start_one
    finally:
        for server in servers:
            server.stop()


@pytest.fixture
def start_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starter]:
    """Start servers that are stopped after the test: one that restarts its model costs time."""
    with starter(tmp_path_factory) as start_one:
        yield start_one


@pytest.fixture(scope="module")
def start_shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starter]:
    """Start servers for several tests of a file."""
    with starter(tmp_path_factory) as start_one:
        yield start_one


@pytest.fixture(scope="session")
def server(package: Package, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Two workers on ``package``, started in an interpreter of their own as the image does."""
    with starter(tmp_path_factory) as start_one:
        yield start_one(package, SERVING, MODEL_NATIVE="eager")


@pytest.fixture(scope="session")
def failing_server(
    failing_package: Package, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """One worker on ``failing_package``."""
    with starter(tmp_path_factory) as start_one:
        yield start_one(failing_package)
