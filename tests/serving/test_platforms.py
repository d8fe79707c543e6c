from __future__ import annotations

import http.server
import json
import threading
from typing import Any

import pytest
from serving_helpers import Package

from packager.errors import UsageError
from serving import health
from serving.platforms import port_variable, ports_to_try
from serving.settings import Settings


@pytest.mark.parametrize(
    ("environment", "port"),
    [
        ({}, 3000),
        ({"PORT": "8081"}, 8081),
        ({"PORT": "8081", "AIP_HTTP_PORT": "8082"}, 8082),
        ({"AIP_HTTP_PORT": "8082", "SAGEMAKER_BIND_TO_PORT": "8083"}, 8083),
        ({"SAGEMAKER_BIND_TO_PORT": "8083", "MODEL_PORT": "8084"}, 8084),
        ({"MODEL_PORT": "", "PORT": "8081"}, 8081),
    ],
)
def test_the_port_is_the_first_that_is_set(environment: dict[str, str], port: int) -> None:
    assert Settings.from_environment(environment).port == port
    assert port in ports_to_try(environment)


@pytest.mark.parametrize("name", ["MODEL_PORT", "SAGEMAKER_BIND_TO_PORT", "AIP_HTTP_PORT", "PORT"])
@pytest.mark.parametrize("value", ["x", "0", "65536", "80.0"])
def test_a_bad_port_names_its_variable(name: str, value: str) -> None:
    with pytest.raises(UsageError) as caught:
        Settings.from_environment({name: value})
    assert caught.value.message == f"{name}: expected a port from 1 to 65535, got {value!r}"
    assert port_variable({name: value}) == name


def test_what_kubernetes_sets_for_a_service_called_model_is_explained() -> None:
    with pytest.raises(UsageError) as caught:
        Settings.from_environment({"MODEL_PORT": "tcp://10.0.0.1:3000"})
    assert "enableServiceLinks: false" in caught.value.hint


def test_the_health_check_finds_a_server_that_serve_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Ready(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Ready) as server:
        threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()
        monkeypatch.setattr("serving.platforms.SERVE_PORT", server.server_port)
        monkeypatch.setattr("serving.platforms.DEFAULT_PORT", 1)
        assert health.ready({})
        assert health.ready({"PORT": str(server.server_port)})
        assert not health.ready({"PORT": "1"})
        server.shutdown()


def test_a_platform_may_name_its_routes() -> None:
    routes = {"AIP_PREDICT_ROUTE": "/v1/endpoints/1:predict", "AIP_HEALTH_ROUTE": "/v1/endpoints/1"}
    settings = Settings.from_environment(routes)
    assert (settings.predict_route, settings.health_route) == (
        "/v1/endpoints/1:predict",
        "/v1/endpoints/1",
    )
    known = {"AIP_PREDICT_ROUTE": "/predict", "AIP_HEALTH_ROUTE": "/readyz"}
    assert Settings.from_environment(known).predict_route == "/predict"


@pytest.mark.parametrize(
    "environment",
    [
        {"AIP_PREDICT_ROUTE": "predict"},
        {"AIP_PREDICT_ROUTE": "/a b"},
        {"AIP_PREDICT_ROUTE": "/metrics"},
        {"AIP_PREDICT_ROUTE": "/ping"},
        {"AIP_PREDICT_ROUTE": "/v2/models/x/infer"},
        {"AIP_HEALTH_ROUTE": "/predict"},
        {"AIP_HEALTH_ROUTE": "/x", "AIP_PREDICT_ROUTE": "/x"},
    ],
)
def test_a_route_that_cannot_be_had_names_its_variable(environment: dict[str, str]) -> None:
    with pytest.raises(UsageError, match=r"^AIP_(HEALTH|PREDICT)_ROUTE: expected a path that"):
        Settings.from_environment(environment)


@pytest.mark.server
def test_a_platforms_own_routes_speak_its_protocol(package: Package, start_server: Any) -> None:
    routes = {"AIP_PREDICT_ROUTE": "/v1/endpoints/1:predict", "AIP_HEALTH_ROUTE": "/v1/endpoints/1"}
    server = start_server(package, MODEL_WORKERS="1", **routes)
    assert server.get(routes["AIP_HEALTH_ROUTE"]).status == 200
    row = {"carat": 0.5, "color": "E", "tables": 55}
    asked = json.dumps({"instances": [row]}).encode()
    kind = "application/json"
    reply = server.request("POST", routes["AIP_PREDICT_ROUTE"], asked, kind)
    assert reply.status == 200
    assert list(reply.json) == ["predictions"]
    assert reply.json == server.request("POST", "/invocations", asked, kind).json
    refused = server.request("POST", routes["AIP_PREDICT_ROUTE"], b"{}", kind)
    assert (refused.status, set(refused.json)) == (422, {"error_code", "message"})
