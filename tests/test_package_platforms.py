"""One image where hosting platforms run it: SageMaker, Vertex AI, Azure ML, Cloud Run."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import docker
import pytest
from command import Package, ask
from visit_rows import rows_of

pytestmark = pytest.mark.engine

HARDENED: dict[str, Any] = {
    "read_only": True,
    "tmpfs": {"/tmp": "size=512m"},
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges:true"],
}
VERTEX = "/v1/endpoints/1/deployedModels/2"


@contextmanager
def started(image: str, port: int, health: str, **options: Any) -> Iterator[tuple[str, Any]]:
    """The address of a container that answers ``health``, and the container."""
    container = docker.from_env().containers.run(
        image, detach=True, ports={f"{port}/tcp": ("127.0.0.1", None)}, **options
    )
    try:
        container.reload()
        url = f"http://127.0.0.1:{container.ports[f'{port}/tcp'][0]['HostPort']}"
        until = time.monotonic() + 120
        while not answers(url + health):
            assert time.monotonic() < until, container.logs().decode()
            time.sleep(0.2)
        yield url, container
    finally:
        container.remove(force=True)


def invoked(url: str, document: Any) -> tuple[int, Any]:
    """Status and JSON of what a platform sends, with its content type."""
    request = urllib.request.Request(
        url, json.dumps(document).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.status, json.load(answer)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def is_healthy(container: Any) -> bool:
    """Whether the image's own health check finds the port that a platform has named."""
    asked = container.exec_run(["/opt/venv/bin/python", "-m", "serving.health"])
    return bool(asked.exit_code == 0)


@pytest.mark.parametrize(
    ("user", "variables", "port"),
    [("0", {}, 8080), ("123456:789", {"SAGEMAKER_BIND_TO_PORT": "8123"}, 8123)],
)
def test_sagemaker_starts_it_as_any_user_without_privileges(
    engine_package: Package, user: str, variables: dict[str, str], port: int
) -> None:
    image, rows = engine_package.built["tag"], rows_of(engine_package.project, 2)
    options = {"command": ["serve"], "user": user, "environment": variables, **HARDENED}
    with started(image, port, "/ping", **options) as (url, container):
        code, answer = invoked(f"{url}/invocations", {"instances": rows})
        assert code == 200
        assert len(answer["predictions"]) == 2
        assert is_healthy(container)


def test_vertex_names_the_port_and_both_routes(engine_package: Package) -> None:
    variables = {
        "AIP_HTTP_PORT": "8181",
        "AIP_HEALTH_ROUTE": VERTEX,
        "AIP_PREDICT_ROUTE": f"{VERTEX}:predict",
    }
    image, rows = engine_package.built["tag"], rows_of(engine_package.project, 2)
    with started(image, 8181, VERTEX, environment=variables) as (url, _):
        code, answer = invoked(f"{url}{VERTEX}:predict", {"instances": rows})
        assert code == 200
        assert (list(answer), len(answer["predictions"])) == (["predictions"], 2)


def test_cloud_run_names_the_port_and_stops_it_with_a_signal(engine_package: Package) -> None:
    image, rows = engine_package.built["tag"], rows_of(engine_package.project, 1)
    variables = {"PORT": "8099", "MODEL_FEEDBACK": "off"}
    with started(image, 8099, "/readyz", environment=variables, **HARDENED) as (url, container):
        assert ask(f"{url}/predict", {"rows": rows})[0] == 200
        assert is_healthy(container)
        container.kill("SIGTERM")
        assert container.wait(timeout=120)["StatusCode"] == 0


def test_azure_asks_the_paths_that_its_configuration_names(engine_package: Package) -> None:
    image, rows = engine_package.built["tag"], rows_of(engine_package.project, 1)
    with started(image, 3000, "/readyz", **HARDENED) as (url, _):
        assert answers(f"{url}/livez")
        assert invoked(f"{url}/invocations", {"dataframe_records": rows})[0] == 200


def test_a_read_only_root_without_a_temporary_folder_is_explained(engine_package: Package) -> None:
    container = docker.from_env().containers.run(
        engine_package.built["tag"], ["serve"], detach=True, read_only=True
    )
    try:
        assert container.wait(timeout=120)["StatusCode"] == 1
        assert "in a container with a read-only root: docker run --tmpfs /tmp" in (
            container.logs().decode()
        )
    finally:
        container.remove(force=True)
