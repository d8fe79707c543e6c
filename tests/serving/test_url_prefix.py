"""A server at a path of nginx, which strips the path or doesn't; its page in a browser."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from browser import in_page, needs_browser
from proxies import NGINX_PREFIX, installed, proxy
from serving_helpers import Package, Reply, Server

from packager.client.client import Client

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(not installed("nginx"), reason="nginx is not installed"),
]

PREFIX = "/models/churn"
ROW = {"carat": 0.5, "color": "E", "tables": 55}
TRY_IT = """
(async () => {
  const wait = async (find) => {
    for (let turn = 0; turn < 400; turn++) {
      const found = find();
      if (found) return found;
      await new Promise((done) => setTimeout(done, 25));
    }
    throw new Error("never there: " + find);
  };
  const block = await wait(() => document.querySelector("#operations-predict-predict"));
  const servers = [...document.querySelectorAll(".servers option")].map((one) => one.value);
  block.querySelector(".opblock-summary-control").click();
  (await wait(() => block.querySelector(".try-out__btn"))).click();
  (await wait(() => block.querySelector(".execute"))).click();
  const answer = await wait(() => block.querySelector(".live-responses-table .response"));
  const url = block.querySelector(".request-url pre").textContent.trim();
  return [servers, url, answer.querySelector(".response-col_status").textContent.trim()];
})()
"""


@dataclass(frozen=True)
class Behind:
    """A server behind nginx."""

    proxy: Server
    server: Server
    log: Path
    strips: bool

    def paths(self) -> list[tuple[str, str]]:
        """Status and path of the requests that nginx had.

        It writes a line after the answer is sent: those before a request of our own are complete
        once the log has that one's line.
        """
        last = f"{PREFIX}/readyz?last={uuid.uuid4().hex}"
        assert self.proxy.get(last).status == 200
        until = time.monotonic() + 30
        while f"{last}\n" not in (text := self.log.read_text()):
            assert time.monotonic() < until, text
            time.sleep(0.05)
        lines = [line.split() for line in text.splitlines() if "?last=" not in line]
        return [(status, path) for status, path in lines]


@pytest.fixture(scope="module", params=[True, False], ids=["stripped", "kept"])
def behind(
    request: pytest.FixtureRequest,
    package: Package,
    start_shared: Callable[..., Server],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Behind]:
    server = start_shared(package, MODEL_URL_PREFIX=PREFIX, MODEL_WORKERS="1")
    folder = tmp_path_factory.mktemp("nginx")
    text = NGINX_PREFIX.replace("PREFIX", PREFIX).replace("END", "/" if request.param else "")
    with proxy("nginx", server.port, folder, text) as port:
        at_proxy = Server(server.process, port, server.home, server.log)
        yield Behind(at_proxy, server, folder / "paths", request.param)


def predicted(server: Server, path: str) -> Reply:
    return server.request("POST", path, json.dumps({"rows": [ROW]}).encode())


def test_every_route_is_below_the_prefix(behind: Behind) -> None:
    document = behind.proxy.get(f"{PREFIX}/docs.json").json
    assert document["servers"] == [{"url": PREFIX}]
    for path, methods in document["paths"].items():
        if "get" in methods:
            assert behind.proxy.get(f"{PREFIX}{path}").status == 200, path
    assert predicted(behind.proxy, f"{PREFIX}/predict").status == 200
    large = json.dumps({"rows": [ROW] * 3_000}).encode()
    assert behind.proxy.request("POST", f"{PREFIX}/predict", large).status == 200
    assert behind.proxy.get(f"{PREFIX}/").json == {"status": "alive"}
    assert behind.proxy.get(f"{PREFIX}/static_content/swagger-ui-bundle.js").status == 200


def test_without_the_prefix_the_server_answers_too(behind: Behind) -> None:
    for path in ("/predict", f"{PREFIX}/predict"):
        assert predicted(behind.server, path).status == 200
    assert behind.server.get("/readyz").status == 200
    assert behind.server.get(PREFIX).json == {"status": "alive"}
    assert behind.server.get(f"{PREFIX}x/predict").status == 404


def test_requests_below_the_prefix_count_as_their_routes(behind: Behind) -> None:
    name, labels = "model_request_duration_seconds_count", {"route": "/predict", "code": "2xx"}
    before = behind.server.metric(name, **labels)
    predicted(behind.proxy, f"{PREFIX}/predict")
    behind.server.answered[0] = time.monotonic()
    assert behind.server.metric(name, **labels) == before + 1


def test_this_projects_client_takes_a_url_with_a_path(behind: Behind) -> None:
    with Client(f"http://127.0.0.1:{behind.proxy.port}{PREFIX}") as client:
        [answer] = client.predict([ROW])
    assert answer.prediction in ("Fair", "Good", "Ideal")


@needs_browser
@pytest.mark.parametrize("behind", [True], indirect=True, ids=["stripped"])
def test_the_page_and_all_it_loads_work_there(behind: Behind) -> None:
    url = f"http://127.0.0.1:{behind.proxy.port}{PREFIX}/docs"
    before = len(behind.paths())
    servers, asked, status = in_page(url, TRY_IT)
    assert servers == [PREFIX]
    assert asked == url.replace("/docs", "/predict")
    assert status.startswith("200")
    loaded = behind.paths()[before:]
    assert ("200", f"{PREFIX}/static_content/swagger-ui-bundle.js") in loaded
    assert ("200", f"{PREFIX}/predict") in loaded
    others = [one for one in loaded if one[0] != "200" or not one[1].startswith(f"{PREFIX}/")]
    assert {path for _, path in others} <= {"/favicon.ico"}
