"""Compose file of a solution whose members run in containers of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from packager.deploy.compose.services import (
    SERVICE_HARDENING,
    literal,
    model_service,
    state_service,
)
from packager.deploy.fleet import DeployedModel
from packager.deploy.monitoring import replica_mib
from packager.deploy.yaml import dump
from packager.image.config import PORT
from packager.manifest.manifest import Manifest

MEMBERS, OUTSIDE = "members", "outside"
"""The networks: of the flow and its members, and of those that reach other machines."""
HEADING = (
    "# The flow and the members of {name}. `package build --images several` wrote this file.\n"
)
VARIABLE = "MODEL_MEMBER_URLS"


@dataclass(frozen=True)
class MemberImage:
    """The image of a member."""

    name: str
    """By which the flow calls it."""
    image: str
    """``repository:tag``."""
    memory_mib: int
    """Memory limit of its container."""
    network: bool = False
    """Whether its package needs the network: else it reaches the flow only."""

    @property
    def service(self) -> str:
        """The name of its service; names of members have no hyphen."""
        return f"member-{self.name.replace('_', '-')}"


def compose_text(manifest: Manifest, image: str, members: Sequence[MemberImage]) -> str:
    """The file for a solution with this image; deterministic."""
    text = dump(solution_services(manifest, image, members))
    return HEADING.format(name=f"{manifest.name} {manifest.tag}") + text


def is_own(text: str) -> bool:
    """Whether ``compose_text`` made this file."""
    first = text.partition("\n")[0]
    start, end = HEADING.strip().split("{name}")
    return first.startswith(start) and first.endswith(end)


def solution_services(
    manifest: Manifest, image: str, members: Sequence[MemberImage]
) -> dict[str, Any]:
    """The document: only the flow is reached from this machine."""
    flow = DeployedModel(manifest.name, manifest.tag, image, PORT, replica_mib(manifest))
    service = model_service(flow)
    urls = ",".join(f"{member.name}=http://{member.service}:{PORT}" for member in members)
    ready = {member.service: {"condition": "service_healthy"} for member in members}
    return {
        "services": {
            flow.state: state_service(flow),
            **{member.service: _member(member) for member in members},
            flow.service: {
                **service,
                "environment": {**service["environment"], VARIABLE: urls},
                "ports": [f"127.0.0.1:${{MODEL_PORT:-{PORT}}}:{PORT}"],
                "networks": [MEMBERS, OUTSIDE],
                "depends_on": {**service["depends_on"], **ready},
            },
        },
        "networks": {MEMBERS: {"internal": True}, OUTSIDE: {}},
        "volumes": {flow.state: {}},
    }


def _member(one: MemberImage) -> dict[str, Any]:
    return {
        "image": literal(one.image),
        **SERVICE_HARDENING,
        "mem_limit": f"${{MEMBER_MEMORY:-{one.memory_mib}m}}",
        "environment": {"MODEL_PORT": str(PORT), "MODEL_FEEDBACK": "off"},
        "read_only": True,
        "tmpfs": ["/tmp:size=512m"],
        "networks": [MEMBERS, OUTSIDE] if one.network else [MEMBERS],
        "restart": "unless-stopped",
    }
