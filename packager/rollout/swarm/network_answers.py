"""Questions to the tasks of a stack's services, by a container in their network."""

from __future__ import annotations

from dataclasses import dataclass

from packager.engine.swarm import Swarm
from packager.image.runtime import VENV
from packager.rollout.asked_replicas import FETCH


@dataclass(frozen=True)
class StackNetwork:
    """The network of a stack's services, in which a container of ``image`` asks them."""

    swarm: Swarm
    image: str
    """Of a package: it has Python."""
    network: str
    key: str | None
    """An API key of the servers."""

    def printed(self, name: str, port: int, path: str) -> str:
        """The output of ``FETCH`` for the answers at the DNS name ``name``.

        Raises ``PackageError`` if there are none.
        """
        files = {"fetch.py": FETCH.encode(), "key": (self.key or "").encode()}
        command = [f"/{VENV}/bin/python", "/tmp/fetch.py", name, str(port), path, "/tmp/key"]
        return self.swarm.output(self.image, command, files, self.network)
