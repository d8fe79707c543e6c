"""What is removed from an engine, and when."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import docker
import pytest

from packager.image.assemble import assemble
from packager.image.engine import Engine
from packager.image.layers import Entry, plain_layer
from packager.image.outputs import load_into
from packager.progress import Silent


@pytest.mark.engine
def test_an_image_removed_later_is_there_until_the_end_and_its_layers_are_held(
    engine: Engine, tmp_path: Path
) -> None:
    layer = plain_layer("one", tmp_path / "one.tar", [Entry("a", source=b"1")])
    image = assemble("package-test-later:1", None, [layer], engine.platform, {})
    with engine.tidied():
        load_into(engine, image, Silent())
        engine.remove(image.name)
        assert engine.describe(image.name) is not None
        assert engine.is_containerd or engine.held_layers([layer.diff_id]) == 1
    assert engine.describe(image.name) is None
    engine.remove(image.name)  # what is gone already is no error


# Leaves a named image and a container behind, as a build that is killed does.
KILLED = """
import os, signal, sys
from pathlib import Path
from packager.image.engine import Engine
from packager.image.assemble import assemble
from packager.image.layers import Entry, plain_layer
from packager.image.outputs import load_into
from packager.progress import Silent
engine = Engine.connect()
layer = plain_layer("one", Path(sys.argv[1]), [Entry("a", source=b"2")])
image = assemble(engine.temporary("training"), None, [layer], engine.platform, {})
load_into(engine, image, Silent())
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
        with engine.tidied():
            assert engine.describe(image) is None
            assert engine.describe(kept) is not None
        with pytest.raises(docker.errors.NotFound):
            client.containers.get(container)
        live.kill()
    with engine.tidied():
        assert engine.describe(kept) is None
