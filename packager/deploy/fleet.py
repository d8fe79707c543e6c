"""The models that one folder monitors: each with an image, unique names, and ports."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from packager.deploy.part_images import with_pins
from packager.deploy.parts import DEFAULT_PARTS, TRACKER, chosen_parts
from packager.deploy.prometheus.rules import AlertOptions, Objectives
from packager.errors import UsageError
from packager.image.config import PORT

PORTS = 10
"""Ports of a model: its own, one for each slot, one for gRPC; the others are free."""
SLOTS = ("blue", "green")
"""The slots for a version of a model: one serves, the other one is for an update."""
MAX_REPLICAS = 32
GRAFANA_PORT = 3100
TRACKER_PORT = 3080
MAX_PORT = 9_000
"""Of ports that are chosen here; those of Prometheus and Alertmanager are just above."""
MIN_PORT, LAST_PORT = 1_024, 65_535
MAX_SERVICE = 50
"""Characters of a service name: it is one label of a DNS name, which may have 63."""
SERVICE_NAME = re.compile(r"[a-z0-9-]+")


@dataclass(frozen=True)
class UpdateCandidate:
    """The version that an update starts in the slot that doesn't serve."""

    version: str
    image: str
    memory_mib: int
    network: bool = False
    """Whether it may reach other machines."""
    share: float = 0.0
    """Share of the requests that it gets."""
    shadow: bool = False
    """Whether the serving version's replicas send it the rows of their requests."""


@dataclass(frozen=True)
class DeployedModel:
    """One model."""

    name: str
    version: str
    """The last one deployed here; rules and dashboard cover every version of the model."""
    image: str
    port: int
    """The first of its host ports, where its proxy listens."""
    memory_mib: int
    """Memory limit of one replica, unless ``MODEL_MEMORY`` is set."""
    keys: bool = False
    """Whether the servers require keys, also of Prometheus."""
    network: bool = False
    """Whether the model may reach other machines."""
    grpc: bool = False
    """Whether the proxy has a port for gRPC."""
    time_scale: int = 1
    """By what the windows of its rules are divided."""
    runbooks: str = ""
    grafana: str = AlertOptions().grafana
    objectives: Objectives = field(default_factory=Objectives)
    """Of its rules: the next version has them too."""

    replicas: int = 1
    slot: str = SLOTS[0]
    """The slot that serves."""
    candidate: UpdateCandidate | None = None
    """In the other slot, while an update is under way."""

    @classmethod
    def of(cls, known: Mapping[str, Any]) -> DeployedModel:
        """The member that ``asdict`` made a mapping of."""
        fields = known["candidate"]
        candidate = None if fields is None else UpdateCandidate(**fields)
        objectives = Objectives(**known["objectives"])
        return cls(**{**known, "candidate": candidate, "objectives": objectives})

    @property
    def alerts(self) -> AlertOptions:
        """Options of its alerts: links and time scale."""
        return AlertOptions(self.runbooks, self.grafana, self.time_scale)

    @property
    def slots(self) -> tuple[str, ...]:
        """The slots that have a version: the serving one first."""
        return (self.slot,) if self.candidate is None else (self.slot, self.idle)

    @property
    def idle(self) -> str:
        """The slot that doesn't serve."""
        return next(slot for slot in SLOTS if slot != self.slot)

    def in_slot(self, slot: str) -> DeployedModel:
        """The member with the version that is in ``slot``; raises ``KeyError`` for an empty one."""
        if slot == self.slot:
            return self
        new = self.candidate
        if new is None:
            raise KeyError(slot)
        return replace(
            self,
            version=new.version,
            image=new.image,
            memory_mib=new.memory_mib,
            network=new.network,
        )

    def weights(self, total: int = 100) -> dict[str, int]:
        """Slot → weight of each of its replicas."""
        share = 0.0 if self.candidate is None else self.candidate.share
        moved = round(total * share)
        return {self.slot: total - moved, self.idle: moved}

    def slot_service(self, slot: str) -> str:
        """The name of the service of the replicas in ``slot``."""
        return f"{self.service}-{slot}"

    @property
    def shadow_service(self) -> str:
        """The service of replicas of the serving version that send their rows to the candidate."""
        return f"shadow-{self.label}"

    @property
    def grpc_port(self) -> int:
        """The host port where its proxy takes gRPC, if it does."""
        return self.port + 1 + len(SLOTS)

    @property
    def proxy(self) -> str:
        """The name of the service of its proxy."""
        return f"proxy-{self.label}"

    @property
    def label(self) -> str:
        """A DNS label for the name; different names have different labels."""
        if SERVICE_NAME.fullmatch(self.name) and len(self.name) <= MAX_SERVICE:
            return self.name
        digest = hashlib.sha256(self.name.encode()).hexdigest()[:8]
        return f"{re.sub('[^a-z0-9-]', '-', self.name)[: MAX_SERVICE - 9]}-{digest}"

    @property
    def service(self) -> str:
        """The name of the service of its replicas; with a slot, where there are slots."""
        return f"model-{self.label}"

    @property
    def state(self) -> str:
        """The name of its state volume, and of the service that prepares it."""
        return f"state-{self.label}"


@dataclass(frozen=True)
class Fleet:
    """All models of a folder, by name."""

    members: Mapping[str, DeployedModel]
    parts: frozenset[str] = DEFAULT_PARTS
    """The services beside the models."""
    pins: Mapping[str, str] = field(default_factory=dict)
    """Service → image by digest, in place of its tag."""

    @classmethod
    def of(cls, notes: Mapping[str, Any]) -> Fleet:
        """The fleet in the notes of a folder's record; empty for a new folder."""
        known = {name: DeployedModel.of(one) for name, one in notes.get("models", {}).items()}
        parts = frozenset(notes.get("parts", DEFAULT_PARTS))
        return cls(known, parts, dict(notes.get("pins", {})))

    @property
    def notes(self) -> dict[str, Any]:
        """The members as JSON values, for the folder's record."""
        models = {name: asdict(one) for name, one in sorted(self.members.items())}
        return {"models": models, "parts": sorted(self.parts), "pins": dict(self.pins)}

    @property
    def tracker(self) -> bool:
        """Whether the issue tracker is one of the services."""
        return TRACKER in self.parts

    @property
    def tracker_address(self) -> str:
        """The address of the tracker for people; empty without one."""
        return f"http://127.0.0.1:{TRACKER_PORT}" if self.tracker else ""

    def sorted(self) -> Iterable[DeployedModel]:
        """The models sorted by name."""
        return [self.members[name] for name in sorted(self.members)]

    @property
    def time_scale(self) -> int:
        """The largest of its models."""
        return max((member.time_scale for member in self.members.values()), default=1)

    def with_model(self, one: DeployedModel) -> Fleet:
        """The fleet with this model, which keeps its slot, keys and network if it was there.

        Port 0 is the port that it had, else the next free one. Raises ``UsageError`` for a port
        that another model has, and while an update is under way.
        """
        self.check_settled()
        known = self.members.get(one.name)
        joined = replace(one, port=self._port_of(one, known))
        if known is not None:
            joined = replace(
                joined,
                slot=known.slot,
                keys=one.keys or known.keys,
                network=one.network or known.network,
            )
        return replace(self, members={**self.members, one.name: joined})

    def check_settled(self) -> None:
        """Raise ``UsageError`` while an update is under way: to go back, it restores all files."""
        for one in self.sorted():
            if one.candidate is not None:
                raise UsageError(
                    f"{one.name}: expected a folder without an update under way, got one to "
                    f"{one.candidate.version}",
                    "finish it, or take it back: package deploy update --resume or --abort",
                )

    def with_pins(self, pins: Mapping[str, str]) -> Fleet:
        """The fleet with more images by digest; an empty one takes a pin back."""
        return replace(self, pins=with_pins(self.pins, pins))

    def with_parts(self, added: Sequence[str], left_out: Sequence[str]) -> Fleet:
        """The fleet with other parts; raises ``UsageError`` as ``chosen_parts``."""
        return replace(self, parts=chosen_parts(self.parts, added, left_out))

    def without(self, name: str) -> Fleet:
        """The fleet without this model; raises ``UsageError`` if it is unknown or the only one."""
        self.check_settled()
        if name not in self.members:
            known = ", ".join(sorted(self.members)) or "none"
            raise UsageError(f"expected a model of this folder, got {name!r}", f"known: {known}")
        if len(self.members) == 1:
            raise UsageError(
                f"{name} is the only model of this folder", "delete the folder to stop monitoring"
            )
        others = {key: one for key, one in self.members.items() if key != name}
        return replace(self, members=others)

    def _port_of(self, one: DeployedModel, known: DeployedModel | None) -> int:
        if not one.port:
            return known.port if known is not None else self._free_port()
        if not MIN_PORT <= one.port <= LAST_PORT - PORTS:
            raise UsageError(
                f"--port: expected {MIN_PORT} to {LAST_PORT - PORTS}, got {one.port}",
                f"a model has {PORTS} ports from that one on",
            )
        for other in self.members.values():
            if other.name != one.name and abs(other.port - one.port) < PORTS:
                raise UsageError(
                    f"--port {one.port}: expected {PORTS} free ports from that one on, got those "
                    f"of {other.name}, which begin at {other.port}",
                    "name another port, or leave the option out",
                )
        return one.port

    def _free_port(self) -> int:
        taken = [GRAFANA_PORT, TRACKER_PORT, *(member.port for member in self.members.values())]
        for port in range(PORT, MAX_PORT, PORTS):
            if all(abs(port - other) >= PORTS for other in taken):
                return port
        raise UsageError(
            f"no free ports for another model ({len(self.members)} deployed)",
            "name one with --port, or deploy it from another folder",
        )
