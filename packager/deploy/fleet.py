"""The models that one folder monitors: each with an image, unique names, and ports."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from packager.errors import UsageError
from packager.image.config import PORT

PORTS = 10
"""Ports of a model, one for each replica."""
GRAFANA_PORT = 3100
TRACKER_PORT = 3080
MAX_PORT = 9_000
"""The ports of Prometheus and Alertmanager are just above."""
MAX_SERVICE = 50
"""Characters of a service name: it is one label of a DNS name, which may have 63."""
SERVICE_NAME = re.compile(r"[a-z0-9-]+")


@dataclass(frozen=True)
class Member:
    """One model."""

    name: str
    version: str
    """The last one deployed here; rules and dashboard cover every version of the model."""
    image: str
    port: int
    """The first of its host ports."""
    memory_mib: int
    """Memory limit of one replica, unless ``MODEL_MEMORY`` is set."""
    keys: bool = False
    """Whether the servers require keys, also of Prometheus."""
    time_scale: int = 1
    """By what the windows of its rules are divided."""

    @property
    def label(self) -> str:
        """A DNS label for the name; different names have different labels."""
        if SERVICE_NAME.fullmatch(self.name) and len(self.name) <= MAX_SERVICE:
            return self.name
        digest = hashlib.sha256(self.name.encode()).hexdigest()[:8]
        return f"{re.sub('[^a-z0-9-]', '-', self.name)[: MAX_SERVICE - 9]}-{digest}"

    @property
    def service(self) -> str:
        """The name of the service of its replicas."""
        return f"model-{self.label}"

    @property
    def state(self) -> str:
        """The name of its state volume, and of the service that prepares it."""
        return f"state-{self.label}"


@dataclass(frozen=True)
class Fleet:
    """All models of a folder, by name."""

    members: Mapping[str, Member]
    tracker: bool = True
    """Whether the issue tracker is one of the services."""

    @classmethod
    def of(cls, notes: Mapping[str, Any]) -> Fleet:
        """The fleet in the notes of a folder's record; empty for a new folder."""
        known = {name: Member(**one) for name, one in notes.get("models", {}).items()}
        return cls(known, notes.get("tracker", True))

    @property
    def notes(self) -> dict[str, Any]:
        """The members as JSON values, for the folder's record."""
        models = {name: asdict(one) for name, one in sorted(self.members.items())}
        return {"models": models, "tracker": self.tracker}

    def sorted(self) -> Iterable[Member]:
        """The models sorted by name."""
        return [self.members[name] for name in sorted(self.members)]

    @property
    def time_scale(self) -> int:
        """The largest of its models."""
        return max((one.time_scale for one in self.members.values()), default=1)

    def with_model(
        self, name: str, version: str, image: str, memory_mib: int, *, keys: bool = False
    ) -> Fleet:
        """The fleet with this model, which keeps its ports and keys if it was there before."""
        known = self.members.get(name)
        port = known.port if known else self._free_port()
        keys = keys or (known is not None and known.keys)
        member = Member(name, version, image, port, memory_mib, keys)
        return replace(self, members={**self.members, name: member})

    def on_time_scale(self, name: str, scale: int) -> Fleet:
        """The fleet whose model ``name`` has this time scale."""
        scaled = replace(self.members[name], time_scale=scale)
        return replace(self, members={**self.members, name: scaled})

    def with_tracker(self, wanted: bool) -> Fleet:
        """The fleet with the issue tracker, or without it."""
        return replace(self, tracker=wanted)

    def without(self, name: str) -> Fleet:
        """The fleet without this model; raises ``UsageError`` if it is unknown or the only one."""
        if name not in self.members:
            known = ", ".join(sorted(self.members)) or "none"
            raise UsageError(f"expected a model of this folder, got {name!r}", f"known: {known}")
        if len(self.members) == 1:
            raise UsageError(
                f"{name} is the only model of this folder", "delete the folder to stop monitoring"
            )
        left = {key: one for key, one in self.members.items() if key != name}
        return replace(self, members=left)

    def _free_port(self) -> int:
        taken = {GRAFANA_PORT, TRACKER_PORT, *(one.port for one in self.members.values())}
        for port in range(PORT, MAX_PORT, PORTS):
            if port not in taken:
                return port
        raise UsageError(f"no free ports for another model ({len(self.members)} deployed)")
