"""What a served model may do, tried by models of real servers."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pandas as pd
import pytest
from serving_helpers import Package, Server, lay_out, make_manifest, start, wait_ready

from modelhost.columns import ColumnSpec
from modelhost.sandbox import landlock, seccomp
from modelhost.solution.spec import member_folder
from packager.manifest.manifest import Column, Schema, Serve
from packager.manifest.solution import Solution, SolutionMember
from tests.support.solution_samples import FLOW, member_spec, write_solution

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(
        landlock.abi() < landlock.MIN_ABI or not seccomp.available(), reason="no Landlock here"
    ),
]
TRIES = """
import os, socket, sys, time

def tried(what, step):
    try:
        print(what, "done", step())
    except BaseException as error:
        print(what, type(error).__name__)

class Predictor:
    classes_ = ["good"]

    @classmethod
    def load(cls, path):
        here = os.path.dirname(__file__)
        tried("key", lambda: open(os.path.join(here, "..", "..", "keys")).read())
        tried("code", lambda: open(os.path.join(here, "new.py"), "w").write("x"))
        tried("scratch", lambda: open(os.path.join(os.environ["TMPDIR"], "a"), "w").write("x"))
        tried("supervisor", lambda: open(f"/proc/{os.getppid()}/environ").read())
        tried("signal", lambda: os.kill(os.getppid(), 0))
        tried("network", lambda: socket.create_connection(("192.0.2.1", 80), 0.1))
        tried("variables", lambda: sorted(name for name in os.environ if "KEY" in name))
        return cls()

    def predict(self, frame):
        if frame["code"].iloc[0] == 1:
            self.kept = bytearray(os.urandom(1)) * (300 << 20)
            time.sleep(5)
        return ["good"] * len(frame)
"""


def package_in(folder: Path, *, network: bool) -> Package:
    root = folder / "package"
    root.mkdir()
    column = Column(name="code", kind="integer", dtype="int64", nullable=False)
    serve = Serve(
        predictor="tries:Predictor", compile="off", workers=1, strict=False, network=network
    )
    lay_out(root)
    (root / "code" / "tries.py").write_text(TRIES)
    (root / "models" / "model").write_text("nothing is read from here")
    manifest = make_manifest(Schema(features=(column,), classes=("good",)), serve=serve)
    return Package(root, manifest, pd.DataFrame({"code": [0]}), model=None)


def begun(package: Package, folder: Path, **variables: str) -> Server:
    server = start(package, folder, **variables)
    wait_ready(server)
    return server


def told(server: Server) -> set[str]:
    return {line["message"] for line in server.lines()}


def model_processes(server: Server) -> list[int]:
    pid = server.process.pid
    below = map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
    return [one for one in below if b"modelhost" in Path(f"/proc/{one}/cmdline").read_bytes()]


@pytest.mark.parametrize("network", [False, True])
def test_a_model_gets_the_package_a_folder_and_nothing_of_the_server(
    tmp_path: Path, network: bool
) -> None:
    (tmp_path / "keys").write_text("client:secret\n")
    server = begun(
        package_in(tmp_path, network=network), tmp_path, MODEL_API_KEYS_FILE=str(tmp_path / "keys")
    )
    try:
        lines = told(server)
    finally:
        server.stop()
    assert {
        "key PermissionError",
        "code PermissionError",
        "scratch done 1",
        "supervisor PermissionError",
        "variables done []",
    } <= lines
    (outcome,) = {line for line in lines if line.startswith("network")}
    assert (outcome == "network PackageError") != network
    assert outcome != "network PermissionError"
    refused = "refused: the model tried to reach the network (192.0.2.1:80)"
    assert (refused in lines) != network
    assert landlock.abi() < 6 or "signal PermissionError" in lines


@pytest.mark.parametrize("network", [False, True])
def test_a_member_of_a_solution_gets_no_more(tmp_path: Path, network: bool) -> None:
    (tmp_path / "keys").write_text("client:secret\n")
    package = package_in(tmp_path, network=network)
    spec = member_spec(
        "own",
        task="classification",
        predictor="tries:Predictor",
        features=(ColumnSpec("code", "integer", "int64"),),
    )
    (package.root / "models" / "model").unlink()
    write_solution(package.root / "models", [(spec, {})], FLOW.replace("double", "own"))
    (package.root / "models" / "code" / "flow.py").rename(package.root / "code" / "flow.py")
    (package.root / "models" / "code").rmdir()
    member = member_folder(package.root / "models" / "model", "own") / "code"
    up = '*[".."] * 6, "keys"'  # from the member's code to the folder of the package
    (member / "tries.py").write_text(TRIES.replace('"..", "..", "keys"', up))
    recorded = SolutionMember(name="own", package="own", version="1", root="0" * 64, process="own")
    solution = Solution(flow="flow:run", members=(recorded,))
    serve = package.manifest.serve.model_copy(update={"predictor": "auto", "loader": "solution"})
    changed = package.manifest.model_copy(update={"serve": serve, "solution": solution})
    server = begun(
        Package(package.root, changed, package.frame, model=None),
        tmp_path,
        MODEL_API_KEYS_FILE=str(tmp_path / "keys"),
    )
    try:
        lines = told(server)
    finally:
        server.stop()
    assert {
        "key PermissionError",
        "code PermissionError",
        "scratch done 1",
        "variables done []",
    } <= lines
    (outcome,) = {line for line in lines if line.startswith("network")}
    assert (outcome == "network PackageError") != network
    refused = "refused: the model tried to reach the network (192.0.2.1:80)"
    assert (refused in lines) != network


def test_a_model_that_uses_too_much_memory_is_replaced_and_the_log_says_why(
    tmp_path: Path,
) -> None:
    server = begun(package_in(tmp_path, network=False), tmp_path, MODEL_PROCESS_MEMORY="200M")
    try:
        reply = server.predict([{"code": 1}])
        assert (reply.status, reply.json["error"]["code"]) == (503, "model_process_ended")
        until = time.monotonic() + 60
        while server.predict([{"code": 0}]).status != 200:
            assert time.monotonic() < until, server.log.read_text()
            time.sleep(0.1)
        (line,) = server.told(lambda line: line.get("reason") == "memory")
    finally:
        server.stop()
    assert "MiB, and its limit is 200 MiB; another starts now" in line["message"]
    assert line["message"].startswith("model process 1 (process ")


def test_a_lazy_model_starts_with_the_first_row_that_needs_it(
    package: Package, tmp_path: Path
) -> None:
    server = begun(package, tmp_path, MODEL_NATIVE="lazy")
    try:
        row = {"carat": 0.5, "color": "E", "tables": 55}
        assert server.predict([row]).status == 200
        assert model_processes(server) == []
        assert server.predict([{**row, "carat": 1e300}]).status == 200  # outside the domain
        (process,) = model_processes(server)
        os.kill(process, 9)
        assert server.predict([row]).status == 200
        assert server.predict([{**row, "carat": 1e300}]).status in (200, 503)
    finally:
        assert server.stop() == 0
