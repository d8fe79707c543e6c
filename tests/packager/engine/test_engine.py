"""Which images are removed from an engine, and when."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import docker
import pytest
from command import Package
from docker.errors import ImageNotFound

import packager
from packager.cache import process_id
from packager.engine.containers import OWNER, engine_address
from packager.engine.engine import TEMPORARY, Engine
from packager.engine.job import ContainerJob
from packager.errors import PackageError
from packager.image.config import assemble
from packager.image.export import load_into
from packager.image.layers import Entry, plain_layer
from packager.progress import NullProgress


@pytest.mark.engine
def test_an_image_removed_later_is_there_until_the_end_and_its_layers_are_held(
    engine: Engine, tmp_path: Path
) -> None:
    layer = plain_layer("one", tmp_path / "one.tar", [Entry("a", source=b"1")])
    image = assemble("package-test-later:1", None, [layer], engine.platform, {})
    with engine.cleanup_scope():
        load_into(engine, image, NullProgress())
        engine.remove(image.name)
        assert engine.describe(image.name) is not None
        assert engine.is_containerd or engine.existing_layers([layer.diff_id]) == 1
    assert engine.describe(image.name) is None
    engine.remove(image.name)  # what is gone already is no error


# Leaves a named image and a container behind, as a build that is killed does.
KILLED = """
import os, signal, sys
from pathlib import Path
from packager.engine.engine import Engine
from packager.image.config import assemble
from packager.image.layers import Entry, plain_layer
from packager.image.export import load_into
from packager.progress import NullProgress
engine = Engine.connect()
layer = plain_layer("one", Path(sys.argv[1]), [Entry("a", source=b"2")])
image = assemble(engine.temporary("training"), None, [layer], engine.platform, {})
load_into(engine, image, NullProgress())
print(image.name, flush=True)
if "alive" in sys.argv:
    sys.stdin.read()
with engine._container("waiting", image.name, ["-"]) as container:
    print(container.id, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.engine
def test_what_a_killed_build_left_is_removed_and_a_live_ones_stays(
    engine: Engine, tmp_path: Path
) -> None:
    client = docker.from_env()
    start = [sys.executable, "-c", KILLED, str(tmp_path / "one.tar")]
    with subprocess.Popen(
        [*start, "alive"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as live:
        assert live.stdout is not None
        kept = live.stdout.readline().strip()
        dead = subprocess.run(start, capture_output=True, text=True, check=False)
        image, container = dead.stdout.split()
        assert engine.describe(image) is not None
        assert client.containers.get(container)
        with engine.cleanup_scope():
            assert engine.describe(image) is None
            assert engine.describe(kept) is not None
        with pytest.raises(docker.errors.NotFound):
            client.containers.get(container)
        live.kill()
    with engine.cleanup_scope():
        assert engine.describe(kept) is None


class Line:
    """A way to the engine that can be cut, as an engine that is stopped cuts it."""

    def __init__(self, folder: Path) -> None:
        self.address = f"unix://{folder}/engine.sock"
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(f"{folder}/engine.sock")
        self._server.listen()
        self._ends: list[socket.socket] = [self._server]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Nobody answers any more, and what was open ends."""
        Path(self.address.removeprefix("unix://")).unlink()
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._server.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(engine_address().removeprefix("unix://"))
                self._ends += [near, far]
                for ends in ((near, far), (far, near)):
                    threading.Thread(target=self._copy, args=ends, daemon=True).start()

    def _copy(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


@pytest.mark.engine
def test_an_engine_that_goes_away_is_named_with_what_it_was_doing(
    engine: Engine, engine_package: Package, tmp_path: Path
) -> None:
    line = Line(tmp_path)
    client = docker.DockerClient(base_url=line.address)
    told = "became unavailable while training: "
    cut = Engine(client)

    def build() -> None:
        command = ["/opt/venv/bin/python", "-uc", "print(1); import time; time.sleep(60)"]
        job = ContainerJob(engine_package.reference, command, {}, doing="training")
        with cut.cleanup_scope():
            cut.remove("package-test-never:1")
            cut.job(job, tmp_path, lambda _: line.cut())

    with pytest.raises(PackageError, match=told) as caught:
        build()
    assert "start it" in caught.value.hint
    assert caught.value.message.startswith("the Docker engine at unix://")
    for left in docker.from_env().containers.list(all=True, filters={"label": OWNER}):
        if left.labels[OWNER] == process_id():
            left.remove(force=True, v=True)


@pytest.mark.engine
def test_the_first_error_is_reported_though_the_engine_cannot_clean_up(
    engine: Engine, tmp_path: Path
) -> None:
    line = Line(tmp_path)
    cut = Engine(docker.DockerClient(base_url=line.address))

    def build() -> None:
        with cut.cleanup_scope():
            cut.remove("package-test-never:1")
            line.cut()
            raise PackageError("the first")

    with pytest.raises(PackageError, match="the first"):
        build()


@pytest.mark.engine
def test_a_job_container_has_no_health_check(
    engine: Engine, engine_package: Package, tmp_path: Path
) -> None:
    seen = []

    def look(_: str) -> None:
        for found in docker.from_env().containers.list(filters={"label": OWNER}):
            if found.labels[OWNER] == process_id():
                seen.append(found.attrs["State"].get("Health"))

    script = "print(1, flush=True); import time; time.sleep(1)"
    command = ["/opt/venv/bin/python", "-c", script]
    engine.job(ContainerJob(engine_package.reference, command, {}), tmp_path, look)
    assert seen == [None]


def test_every_temporary_image_of_the_product_is_recognized_as_one():
    top = Path(packager.__file__).parent
    texts = [path.read_text(encoding="utf-8") for path in top.rglob("*.py")]
    purposes = {name for text in texts for name in re.findall(r'\.temporary\("(.+?)"\)', text)}
    assert "smoke-test" in purposes
    for purpose in purposes:
        found = TEMPORARY.fullmatch(Engine.temporary(None, purpose))
        assert found is not None
        assert found[1] == process_id()


def test_the_layers_of_an_image_are_asked_once() -> None:
    asked = []

    def inspect(name: str) -> dict[str, Any]:
        asked.append(name)
        if name == "gone":
            raise ImageNotFound("gone")
        return {"RootFS": {"Layers": ["a", "b"] if name == "one" else ["a", "c"]}}

    api = SimpleNamespace(
        images=lambda **_: [{"Id": name} for name in ("one", "two", "gone")], inspect_image=inspect
    )
    client: Any = SimpleNamespace(api=api, info=lambda: {})
    engine = Engine(client)
    assert [engine.existing_layers(ids) for ids in (["a", "b", "d"], ["a", "c"], ["x"])] == [
        2,
        2,
        0,
    ]
    assert asked == ["one", "two", "gone", "gone", "gone"]
