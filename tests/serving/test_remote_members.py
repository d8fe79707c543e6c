"""Members as servers of their own, asked by the flow over the network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from remote_members import RemoteSolution, member_package, remote_solution, write_specs
from serving_helpers import Server, start, wait_ready

pytestmark = [pytest.mark.server, pytest.mark.slow]
ANSWER = """
import json, sys
import pandas as pd
from modelhost.solution.flow import load_flow
from pathlib import Path
flow = load_flow(Path(sys.argv[1]), None)
frame = pd.DataFrame({"x": json.loads(sys.argv[2])})
print(json.dumps([*map(float.hex, flow.predict(frame).tolist())]))
kinds = [flow.members.kind(frame.iloc[:n]) for n in (0, 1, len(frame))]
print([(one.predictions.tolist(), one.probabilities.tolist(), one.classes) for one in kinds])
for name in flow.members:
    flow.members[name].close()
"""
ROWS = [0.1, -2.5, 1 / 3, 1e-9, 7.0, -0.1] * 9


@dataclass(frozen=True)
class Running:
    folder: Path
    packages: RemoteSolution
    kind: Server
    price: Server

    @property
    def urls(self) -> str:
        return f"kind=http://127.0.0.1:{self.kind.port},price=http://127.0.0.1:{self.price.port}"

    def answer(self, process: str, urls: str = "") -> str:
        """What a flow answers whose members run there."""
        write_specs(self.packages.model, process)
        code = self.packages.solution.root / "code"
        path = os.pathsep.join([str(code), str(Path(__file__).parents[2])])
        done = subprocess.run(
            [sys.executable, "-c", ANSWER, str(self.packages.model), json.dumps(ROWS)],
            env={**os.environ, "PYTHONPATH": path, "MODELHOST_MEMBER_URLS": urls},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout or done.stderr


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("remote")
    packages = remote_solution(folder)
    with ExitStack() as stack:
        servers = [start(one, one.root) for one in (packages.kind, packages.price)]
        for one in servers:
            stack.callback(one.stop)
        for one in servers:
            wait_ready(one)
        yield Running(folder, packages, *servers)


def test_answers_equal_those_of_members_in_the_image(running: Running) -> None:
    inline = running.answer("inline")
    x = np.array(ROWS)
    chance = 1 - 1 / (1 + np.exp(-x))
    expected = x * 0.1 + chance + 100 * (x > 0)
    assert [float.fromhex(one) for one in json.loads(inline.splitlines()[0])] == [*expected]
    assert running.answer("own") == inline
    assert running.answer("inline", running.urls) == inline
    assert running.answer("own", running.urls.partition(",")[0]) == inline


def test_the_server_of_another_package_is_refused(running: Running) -> None:
    swapped = f"kind=http://127.0.0.1:{running.price.port}"
    said = running.answer("inline", swapped)
    kind, price = running.packages.kind.manifest.tag, running.packages.price.manifest.tag
    assert f"member 'kind' at http://127.0.0.1:{running.price.port}: expected the package" in said
    assert f"expected the package {kind}, got {price}" in said


def test_a_solution_asks_the_servers_and_names_the_one_that_ended(running: Running) -> None:
    folder = running.folder
    write_specs(running.packages.model, "inline")
    price = member_package(folder / "second", "price", '{"scale": 0.1}')
    ended = start(price, price.root)
    wait_ready(ended)
    urls = f"kind=http://127.0.0.1:{running.kind.port},price=http://127.0.0.1:{ended.port}"
    server = start(
        running.packages.solution, running.packages.solution.root, MODEL_MEMBER_URLS=urls
    )
    try:
        wait_ready(server)
        reply = server.predict([{"x": 2.0}])
        assert reply.status == 200, reply.body
        expected = 0.2 + (1 - 1 / (1 + np.exp(-2.0))) + 100
        assert reply.json["predictions"][0]["prediction"] == expected
        refused = server.predict([{"x": 777.0}])
        assert refused.status == 422, refused.body
        ended.stop()
        reply = server.predict([{"x": 2.0}])
        assert (reply.status, reply.json["error"]["code"]) == (503, "member_unavailable")
        said = f"member 'price' can't be reached at http://127.0.0.1:{ended.port}"
        assert said in reply.json["error"]["message"]
    finally:
        server.stop()
        ended.stop()


@pytest.mark.parametrize(
    ("urls", "network", "said"),
    [
        ("kinds=http://127.0.0.1:1", True, "expected one of the members kind, price, got 'kinds'"),
        ("kind=ftp://127.0.0.1", True, "MODEL_MEMBER_URLS: expected NAME=URL,NAME=URL, got 'kind="),
        ("kind=http://127.0.0.1:1", False, "whose flow may use the network, got claims without"),
    ],
)
def test_a_wrong_setting_stops_the_start(
    tmp_path: Path, urls: str, network: bool, said: str
) -> None:
    package = remote_solution(tmp_path, network=network).solution
    server = start(package, package.root, MODEL_MEMBER_URLS=urls)
    assert server.process.wait(60) == 2
    assert said in server.log.read_text()
    assert pd.Series(server.lines())[0]["level"].lower() == "error"
