"""``package deploy update`` of a folder for Docker Swarm."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from packager.deploy.compose.deploy import ComposeOptions
from packager.deploy.fleet import Member
from packager.deploy.prometheus.rules import AlertOptions, Objectives
from packager.deploy.swarm.deploy import SwarmPlan, check_plan, plan_swarm, swarm_fleet, write_plan
from packager.deploy.swarm.names import content_name, model_service, proxy_service
from packager.deploy.swarm.secret_values import planned_secrets, secret_paths
from packager.deploy.swarm.services import MODEL_LABEL, VERSION_LABEL, feedback_secret
from packager.engine.containers import engine_address
from packager.engine.swarm import Service, Swarm
from packager.errors import UsageError
from packager.image.reference import Reference
from packager.progress import Progress
from packager.rollout.gate import GateLimits, run_gate
from packager.rollout.swarm.candidate import running_candidate
from packager.rollout.swarm.rolling import roll
from packager.rollout.verdict import GateVerdict

STACK_IMAGE = "com.docker.stack.image"
"""Label by which ``docker stack deploy`` sees that an image is the file's."""
SwarmOutcome = Literal["completed", "refused", "rolled back", "paused", "timed out"]


@dataclass(frozen=True)
class SwarmUpdateOptions:
    """What is asked of an update."""

    image: str
    """As every host pulls it."""
    gate: GateLimits | None
    """None: Swarm's own rollback is the only check."""
    objectives: Objectives = field(default_factory=Objectives)
    alerts: AlertOptions = field(default_factory=AlertOptions)


@dataclass(frozen=True)
class SwarmUpdate:
    """How an update ended."""

    model: str
    service: str
    before: str
    """The version that served."""
    version: str
    """The new one."""
    outcome: SwarmOutcome
    verdict: GateVerdict | None
    reason: str
    """Why it isn't completed; empty if it is."""
    seconds: float
    """Of the rolling update."""
    changed: tuple[str, ...] = ()
    """Files that the user changed, which were kept."""

    @property
    def done(self) -> bool:
        """Whether the new version serves."""
        return self.outcome == "completed"


def update_swarm(
    reference: Reference, target: Path, asked: SwarmUpdateOptions, progress: Progress
) -> SwarmUpdate:
    """Let ``reference`` take the traffic of its model in ``target``, if the gate lets it.

    A version that is refused or taken back leaves folder and service as they were; both are a
    result, not an error. Raises ``UsageError`` for a model that isn't deployed,
    and ``PackageError`` if the candidate does not start.
    """
    member = _member(reference, target)
    options = ComposeOptions(asked.image, member.replicas, member.keys)
    plan = plan_swarm(reference, target, options, asked.objectives, asked.alerts)
    check_plan(plan, target)
    swarm = Swarm.connect()
    service = _service(swarm, member, target)
    return _updated(reference, target, asked, _Deployed(member, plan, swarm, service), progress)


@dataclass(frozen=True)
class _Deployed:
    member: Member
    plan: SwarmPlan
    swarm: Swarm
    service: Service


def _updated(
    reference: Reference,
    target: Path,
    asked: SwarmUpdateOptions,
    found: _Deployed,
    progress: Progress,
) -> SwarmUpdate:
    name, version = found.service["Spec"]["Name"], reference.manifest.tag
    facts = (found.member.name, name, found.member.version, version)
    if found.service["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"] == asked.image:
        progress.step(f"{name} runs {asked.image} already: only the folder is written")
        done = write_plan(found.plan, target)
        return SwarmUpdate(*facts, "completed", None, "", 0.0, done.changed)
    verdict = None
    if asked.gate is not None:
        verdict = _gate(reference, asked.image, asked.gate, found, progress)
        if not verdict.passed:
            reason = "; ".join(verdict.refusals) or "no check was made"
            return SwarmUpdate(*facts, "refused", verdict, reason, 0.0)
    labels = {VERSION_LABEL: version, STACK_IMAGE: asked.image}
    rolled = roll(found.swarm, found.service, asked.image, labels, progress)
    if rolled.outcome != "completed":
        return SwarmUpdate(*facts, rolled.outcome, verdict, rolled.reason, rolled.seconds)
    done = write_plan(found.plan, target)
    return SwarmUpdate(*facts, "completed", verdict, "", rolled.seconds, done.changed)


def _gate(
    reference: Reference, image: str, limits: GateLimits, found: _Deployed, progress: Progress
) -> GateVerdict:
    address = urlsplit(engine_address())
    if address.scheme not in ("unix", "http+unix") and address.hostname not in (
        "127.0.0.1",
        "localhost",
    ):
        raise UsageError(
            "the gate asks both versions on 127.0.0.1 of the engine's host, expected an engine of "
            f"this machine, got {engine_address()}",
            "run this on a manager of the Swarm, or take --no-gate",
        )
    proxy = found.service["Spec"]["Name"].removesuffix(model_service(found.member))
    serving = found.swarm.named(proxy + proxy_service(found.member))
    if serving is None:
        raise UsageError(
            f"{proxy}{proxy_service(found.member)}: expected a service, got none",
            "deploy the folder anew: docker stack deploy",
        )
    image_of_proxy = str(serving["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"])
    with running_candidate(found.swarm, found.service, image, image_of_proxy, progress) as asked:
        return run_gate(asked.serving, asked.candidate, reference, limits, progress)


def _member(reference: Reference, target: Path) -> Member:
    name = reference.manifest.name
    members = swarm_fleet(target).members
    if name not in members:
        raise UsageError(
            f"{target}: expected a folder with {name}, got one with "
            f"{', '.join(sorted(members)) or 'no model'}",
            "deploy its first version: package deploy swarm",
        )
    return members[name]


def _service(swarm: Swarm, member: Member, target: Path) -> Service:
    """The service of this folder's stack: it has the folder's secret."""
    fleet = swarm_fleet(target)
    key = feedback_secret(member)
    path = secret_paths(fleet)[key]
    secret = content_name(key, planned_secrets(target, fleet)[path])
    found = [
        one
        for one in swarm.services(secret)
        if one["Spec"].get("Labels", {}).get(MODEL_LABEL) == member.name
    ]
    if len(found) != 1:
        names = ", ".join(one["Spec"]["Name"] for one in found) or "none"
        raise UsageError(
            f"{member.name}: expected one service with the secret {secret}, got {names}",
            "deploy the folder first, as one stack: docker stack deploy -c "
            f"{target}/stack.yml STACK",
        )
    return found[0]
