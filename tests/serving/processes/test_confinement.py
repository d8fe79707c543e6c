"""What a model process may do, tried in real processes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from modelhost.sandbox import landlock, seccomp
from packager.model.paths import Root
from serving.processes.confinement import ModelConfinement
from serving.processes.fork import execute
from serving.processes.model_environment import model_folders

pytestmark = pytest.mark.slow

Try = Callable[..., str]
LANDLOCK = pytest.mark.skipif(landlock.abi() < landlock.MIN_ABI, reason="no Landlock here")
SECCOMP = pytest.mark.skipif(not seccomp.available(), reason="no seccomp here")


@pytest.fixture
def tries(tmp_path: Path) -> Try:
    """Run a script under confinement; return what it prints, or its exception's type."""
    root = tmp_path / "root"
    for name in ("code", "models", "package"):
        (root / name).mkdir(parents=True)
    (root / "models" / "model").write_text("the model")
    scratch = tmp_path / "scratch"
    scratch.mkdir()

    def one(script: str, *, network: bool = False, memory: int | None = None) -> str:
        out = scratch / "out"
        whole = f"import sys\nsys.stdout = open({str(out)!r}, 'w')\ntry:\n"
        whole += "".join(f"    {line}\n" for line in script.splitlines())
        whole += "except BaseException as error:\n    print(type(error).__name__)\n"
        folders = model_folders(Root(root))
        confinement = ModelConfinement(root, folders, (scratch,), network, memory)
        environment = {"ROOT": str(root), "OUTSIDE": str(tmp_path), "SCRATCH": str(scratch)}
        process = execute([sys.executable, "-c", whole], environment, [], confinement)
        os.waitpid(process, 0)
        return out.read_text().strip()

    return one


OPEN = "import os\nprint(open(os.environ['{}'] + '{}', '{}').{})\n"


@LANDLOCK
def test_it_reads_the_package_and_writes_to_its_own_folder_alone(
    tries: Try, tmp_path: Path
) -> None:
    (tmp_path / "keys").write_text("a key of the server")
    assert tries(OPEN.format("ROOT", "/models/model", "r", "read()")) == "the model"
    assert tries(OPEN.format("SCRATCH", "/made", "w", "write('x')")) == "1"
    assert tries(OPEN.format("OUTSIDE", "/keys", "r", "read()")) == "PermissionError"
    assert tries(OPEN.format("ROOT", "/models/model", "w", "write('x')")) == "PermissionError"
    assert tries(OPEN.format("ROOT", "/code/new", "w", "write('x')")) == "PermissionError"


@LANDLOCK
@pytest.mark.parametrize("network", [False, True])
def test_it_reads_no_memory_and_no_variables_of_the_server(tries: Try, network: bool) -> None:
    for name in ("environ", "mem", "maps", "fd/0"):
        script = f"open('/proc/{os.getpid()}/{name}', 'rb').read(1)\nprint('read')"
        assert tries(script, network=network) in ("PermissionError", "FileNotFoundError"), name


@SECCOMP
@pytest.mark.parametrize("kind", ["AF_INET", "AF_UNIX"])
def test_it_reaches_neither_the_network_nor_sockets_of_this_machine(
    tries: Try, tmp_path: Path, kind: str
) -> None:
    family = getattr(socket, kind)
    with socket.socket(family) as listening:
        listening.bind(("127.0.0.1", 0) if kind == "AF_INET" else str(tmp_path / "sock"))
        listening.listen()
        script = f"import socket\nsocket.socket(socket.{kind}).connect({listening.getsockname()!r})"
        script += "\nprint('connected')"
        assert tries(script) in ("PermissionError", "ConnectionRefusedError", "OSError")
        if kind == "AF_INET":
            assert tries(script, network=True) == "connected"


def test_an_allocation_beyond_its_memory_fails(tries: Try) -> None:
    script = "kept = bytearray({} << 20)\nprint('kept')"
    assert tries(script.format(50), memory=100 << 20) == "kept"
    assert tries(script.format(500), memory=100 << 20) == "MemoryError"


def test_it_leaves_no_core_file(tries: Try) -> None:
    script = "import resource\nprint(resource.getrlimit(resource.RLIMIT_CORE))"
    assert tries(script) == "(0, 0)"


def test_libraries_start_and_count_as_usual(tries: Try) -> None:
    script = "import numpy, subprocess\nprint(numpy.ones((300, 300)).dot(numpy.ones(300))[0])"
    assert tries(script, memory=500 << 20) == "300.0"
    assert subprocess.run(["true"]).returncode == 0  # this process is not restricted
