"""``package deploy update`` of a folder for Docker Swarm."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from packager.deploy.compose.deploy import ComposeOptions
from packager.deploy.fleet import DeployedModel, Fleet
from packager.deploy.swarm.deploy import SwarmPlan, check_plan, plan_swarm, swarm_fleet, write_plan
from packager.deploy.swarm.names import content_name, model_service, proxy_service
from packager.deploy.swarm.secret_values import planned_secrets, secret_paths
from packager.deploy.swarm.services import MODEL_LABEL, feedback_secret
from packager.engine.containers import engine_address
from packager.engine.engine import Engine
from packager.engine.swarm import Service, Swarm
from packager.errors import UsageError
from packager.image.reference import Reference
from packager.progress import Progress
from packager.rollout import journal as journals
from packager.rollout.history import record_update
from packager.rollout.request import UpdateRequest, UpdateResult
from packager.rollout.swarm.candidate import running_candidate
from packager.rollout.swarm.rolling import roll
from packager.rollout.swarm.spec import NewVersion
from packager.rollout.update_gate import metrics_key, run_update_gate
from packager.rollout.verdict import GateCheck, GateVerdict

CHECK = "rolling update"


def update_swarm(
    reference: Reference,
    folder: Path,
    request: UpdateRequest,
    engine: Engine | None,
    progress: Progress,
) -> UpdateResult:
    """Let ``reference`` take the traffic of its model in ``folder``, if the gate lets it.

    A version that the gate refuses, or that the Swarm takes back, leaves folder and service as they
    were; both are a result, not an error. Raises ``UsageError`` for a model that isn't deployed,
    and ``PackageError`` if the candidate does not start.
    """
    _check(request)
    fleet = swarm_fleet(folder)
    one = _member(reference, fleet, folder)
    with journals.held(folder):
        options = ComposeOptions(
            request.image, replicas=one.replicas, keys=one.keys, network=one.network
        )
        plan = plan_swarm(reference, folder, options, one.objectives, one.alerts)
        check_plan(plan, folder)
        swarm = Swarm.connect()
        service = _service(swarm, one, fleet, folder)
        work = SwarmUpdate(folder, request, one, plan, swarm, service, engine, progress)
        return work.run(reference)


@dataclass(frozen=True)
class SwarmUpdate:
    """One update of a service."""

    folder: Path
    request: UpdateRequest
    one: DeployedModel
    """As the folder has it."""
    plan: SwarmPlan
    swarm: Swarm
    service: Service
    engine: Engine | None
    progress: Progress

    def run(self, reference: Reference) -> UpdateResult:
        """Gate, rolling update, files."""
        begun = time.monotonic()
        gate, rolling = None, None
        if self._image == self.request.image:
            self.progress.step(f"{self._name} runs {self.request.image}: only files are written")
        else:
            gate = self._gate(reference)
            if gate is None or gate.passed:
                rolling = self._roll(reference)
        done = (gate is None or gate.passed) and (rolling is None or rolling.outcome == "passed")
        if done:
            for path in write_plan(self.plan, self.folder).changed:
                self.progress.warn(f"{self.folder / path}: you changed it, so it stays as it is")
        seconds = time.monotonic() - begun
        version = reference.manifest.tag
        result = UpdateResult(
            self.one.name, self.one.version, version, done, gate, seconds=seconds, rolling=rolling
        )
        if done:
            record_update(self.folder, result, self.request)
        return result

    @property
    def _name(self) -> str:
        return str(self.service["Spec"]["Name"])

    @property
    def _image(self) -> str:
        return _image_of(self.service)

    def _new(self, reference: Reference) -> NewVersion:
        after = self.plan.fleet.members[self.one.name]
        return NewVersion(
            reference.manifest.tag, self.request.image, self.one.memory_mib, after.memory_mib
        )

    def _gate(self, reference: Reference) -> GateVerdict | None:
        if self.request.no_gate:
            self.progress.warn(f"no gate: {self.request.no_gate}")
            return None
        _check_local()
        before = self._name.removesuffix(model_service(self.one))
        proxy = self.swarm.named(before + proxy_service(self.one))
        if proxy is None:
            raise UsageError(
                f"{before}{proxy_service(self.one)}: expected a service, got none",
                "deploy the folder anew: docker stack deploy",
            )
        key = metrics_key(self.request, self.one, self.folder)
        with running_candidate(
            self.swarm, self.service, self._new(reference), _image_of(proxy), self.progress
        ) as servers:
            return run_update_gate(
                servers, reference, self.request, key, self.engine, self.progress
            )

    def _roll(self, reference: Reference) -> GateCheck:
        found = roll(self.swarm, self.service, self._new(reference), self.progress)
        numbers = {"seconds": round(found.seconds, 1), "outcome": found.outcome}
        if found.outcome == "completed":
            return GateCheck(CHECK, "passed", f"completed in {found.seconds:.0f} s", numbers)
        summary = f"{found.outcome} after {found.seconds:.0f} s: {found.reason}"
        return GateCheck(CHECK, "failed", summary, numbers)


def _check(request: UpdateRequest) -> None:
    if not request.image:
        raise UsageError(
            "--image: expected the image as every host of the Swarm pulls it, got none",
            "push the image, and name it with its digest: NAME@sha256:…",
        )
    if request.canary:
        raise UsageError(
            "--canary: expected none for a Swarm, whose proxies share requests evenly, got "
            f"{request.canary:g}",
            "leave it out: the first task of the update gets its part, and `monitor` of stack.yml "
            "is how long it is watched",
        )


def _check_local() -> None:
    """Raise ``UsageError`` if the engine's 127.0.0.1 isn't this machine's."""
    address = urlsplit(engine_address())
    near = address.scheme in ("unix", "http+unix") or address.hostname in ("127.0.0.1", "localhost")
    if not near:
        raise UsageError(
            "the gate asks both versions on 127.0.0.1 of a manager: expected an engine of this "
            f"machine, got {engine_address()}",
            "run this on a manager of the Swarm, or take --no-gate --reason TEXT",
        )


def _image_of(service: Service) -> str:
    return str(service["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"])


def _member(reference: Reference, fleet: Fleet, folder: Path) -> DeployedModel:
    name = reference.manifest.name
    if name not in fleet.members:
        raise UsageError(
            f"{folder}: expected a deployment of {name}, got one of "
            f"{', '.join(sorted(fleet.members)) or 'no model'}",
            f"package deploy swarm {reference.name} --output {folder} --image IMAGE",
        )
    return fleet.members[name]


def _service(swarm: Swarm, one: DeployedModel, fleet: Fleet, folder: Path) -> Service:
    """The service of this folder's stack: it has the folder's secret."""
    key = feedback_secret(one)
    secret = content_name(key, planned_secrets(folder, fleet)[secret_paths(fleet)[key]])
    found = [
        service
        for service in swarm.services(secret)
        if service["Spec"].get("Labels", {}).get(MODEL_LABEL) == one.name
    ]
    if len(found) != 1:
        names = ", ".join(service["Spec"]["Name"] for service in found) or "none"
        raise UsageError(
            f"{one.name}: expected one service with the secret {secret}, got {names}",
            f"deploy the folder first: docker stack deploy -c {folder}/stack.yml STACK",
        )
    return found[0]
