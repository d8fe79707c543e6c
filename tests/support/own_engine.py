"""A Docker engine of one's own: in namespaces of its own, so that no other engine notices it.

It has its own network, mounts and processes. What it starts ends with it, and it ends with the
process that made it, whatever ends that one: its processes are in a PID namespace, and the kernel
kills all of a namespace with the first one. It needs root, ``dockerd``, ``unshare``, ``nsenter``,
``setpriv`` and ``ip``. Tests, benchmarks and drills share it; nothing here imports pytest.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packager.cache import is_stale, process_id

PROGRAMS = ("dockerd", "docker", "unshare", "nsenter", "setpriv", "ip")
START_SECONDS = 60.0
ADDRESS = "10.213.0.1"
"""Of the engine in its network, for Swarm; a resolver there is absent, and says so at once."""
CONTROLLERS = Path("/sys/fs/cgroup")
SCRIPT = f"""
set -e
mount --make-rprivate /
mkdir -p /etc/docker /run/containerd
mount -t tmpfs none /etc/docker
mount -t tmpfs none /run/containerd
echo 'nameserver {ADDRESS}' > "$FOLDER/resolv.conf"
mount --bind "$FOLDER/resolv.conf" /etc/resolv.conf
ip link set lo up
ip link add uplink type bridge
ip address add {ADDRESS}/24 dev uplink
ip link set uplink up
exec dockerd --data-root "$DATA" --exec-root "$FOLDER/exec" --pidfile "$FOLDER/docker.pid" \
  --host "unix://$FOLDER/docker.sock" --cgroup-parent "/$GROUP" \
  --exec-opt native.cgroupdriver=cgroupfs
"""


def why_not() -> str | None:
    """Why this machine can't have one; None if it can."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        return f"needs {', '.join(missing)}"
    return None if os.geteuid() == 0 else "needs root"


@dataclass(frozen=True)
class OwnEngine:
    """A running engine."""

    folder: Path
    process: int
    """The id of ``dockerd``, outside of its namespace."""

    @property
    def host(self) -> str:
        """The value of ``DOCKER_HOST``."""
        return f"unix://{self.folder}/docker.sock"

    @property
    def environment(self) -> dict[str, str]:
        """This process's variables, for programs that use this engine."""
        return {**os.environ, "DOCKER_HOST": self.host}

    def command(self, command: Sequence[str | Path]) -> list[str]:
        """``command`` in the engine's network: published ports are there, not here."""
        return ["nsenter", f"--net=/proc/{self.process}/ns/net", "--", *map(str, command)]

    def inside(self, command: Sequence[str | Path]) -> list[str]:
        """``command`` in the engine's network, mounts and processes: it ends with the engine."""
        spaces = ("--net", "--mount", "--pid")
        return ["nsenter", f"--target={self.process}", *spaces, "--", *map(str, command)]

    def run(
        self, command: Sequence[str | Path], *, check: bool = True, **options: Any
    ) -> subprocess.CompletedProcess[str]:
        """Run ``command`` in the engine's network to its end; its output is captured."""
        done = subprocess.run(
            self.command(command),
            env=options.pop("env", self.environment),
            capture_output=True,
            text=True,
            check=False,
            **options,
        )
        if check and done.returncode:
            raise AssertionError(f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def docker(self, *words: str, check: bool = True) -> str:
        """The standard output of ``docker WORDS``, stripped."""
        return self.run(["docker", *words], check=check).stdout.strip()

    def start_swarm(self) -> None:
        """Make it a Swarm of one node, which keeps the volumes."""
        self.docker("swarm", "init", "--advertise-addr", ADDRESS)
        node = self.docker("node", "ls", "--quiet")
        self.docker("node", "update", "--label-add", "package.state=true", node)

    def copy_image(self, name: str) -> None:
        """Load an image that the engine of ``DOCKER_HOST`` has."""
        saved = subprocess.Popen(["docker", "save", name], stdout=subprocess.PIPE)
        try:
            self.run(["docker", "load"], stdin=saved.stdout)
        finally:
            saved.stdout.close() if saved.stdout else None
            if saved.wait():
                raise AssertionError(f"docker save {name}: {saved.returncode}")

    def import_image(self, name: str, tree: Path, *changes: str) -> None:
        """Make an image of one layer from a tar file."""
        options = [word for change in changes for word in ("--change", change)]
        self.docker("import", *options, str(tree), name)


@contextlib.contextmanager
def own_engine(folder: Path | None = None, data: Path | None = None) -> Iterator[OwnEngine]:
    """An engine; afterwards it, its containers, its files and its control groups are gone.

    ``folder``: where its files are, at most some 60 characters long; by default one in ``/tmp``.
    ``data``: a folder that keeps its images and volumes for the next engine there.
    """
    place = folder or Path("/tmp")
    for left in place.glob("own-engine-*-*"):
        if is_stale(left.name.split("-", 2)[2].rpartition("-")[0]):
            _forget(left)  # of a process that was killed
    made = Path(tempfile.mkdtemp(prefix=f"own-engine-{process_id()}-", dir=place))
    variables = {**os.environ, "FOLDER": str(made), "GROUP": made.name}
    variables["DATA"] = str(data or made / "data")
    command = ["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "--mount", "--pid", "--fork"]
    command += ["--kill-child", "--mount-proc", "bash", "-c", SCRIPT]
    try:
        with (made / "log").open("wb") as log:
            process = subprocess.Popen(
                command, env=variables, stdout=log, stderr=log, start_new_session=True
            )
        try:
            yield OwnEngine(made, _started(process, made))
        finally:
            process.kill()  # the kernel kills its child, the first of the namespace, and so all
            process.wait()
    finally:
        _forget(made)


def _started(process: subprocess.Popen[bytes], folder: Path) -> int:
    """The id of ``dockerd``, once it answers."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        told = subprocess.run(
            ["docker", "--host", f"unix://{folder}/docker.sock", "info"],
            capture_output=True,
            check=False,
        )
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        if told.returncode == 0 and children:
            return int(children[0])
        time.sleep(0.2)
    raise AssertionError((folder / "log").read_text(errors="replace")[-3000:])


def _forget(folder: Path) -> None:
    """Remove the files and the control groups; processes of the namespace may still be ending."""
    groups = [
        group
        for top in (CONTROLLERS, *CONTROLLERS.iterdir())
        for group in (top / folder.name, *(top / folder.name).rglob("*"))
        if group.is_dir()
    ]
    until = time.monotonic() + START_SECONDS
    for group in sorted(groups, key=lambda one: -len(one.parts)):
        while group.is_dir():
            try:
                group.rmdir()
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)
    shutil.rmtree(folder)
