"""``package deploy update`` of a folder for Docker Swarm."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from packager.deploy.compose.deploy import ComposeOptions
from packager.deploy.fleet import DeployedModel, Fleet
from packager.deploy.parts import PROMETHEUS
from packager.deploy.swarm.deploy import SwarmPlan, check_plan, plan_swarm, swarm_fleet, write_plan
from packager.deploy.swarm.names import content_name, model_service, proxy_service
from packager.deploy.swarm.secret_values import planned_secrets, scrape_key_path, secret_paths
from packager.deploy.swarm.services import MODEL_LABEL, feedback_secret, scrape_secret
from packager.engine.containers import engine_address
from packager.engine.engine import Engine
from packager.engine.swarm import Service, Swarm
from packager.errors import UsageError
from packager.image.reference import Reference
from packager.progress import Progress
from packager.rollout import journal as journals
from packager.rollout.canary import NAME as CANARY
from packager.rollout.canary_labels import NAME as LABELS
from packager.rollout.history import record_update
from packager.rollout.request import UpdateRequest, UpdateResult
from packager.rollout.shadow import NAME as SHADOW
from packager.rollout.swarm.canary import SwarmCanary
from packager.rollout.swarm.candidate import RunningCandidate, running_candidate
from packager.rollout.swarm.network_answers import StackNetwork
from packager.rollout.swarm.rolling import roll
from packager.rollout.swarm.shadow import SwarmShadow
from packager.rollout.swarm.spec import NewVersion, updated_spec, without_shadow
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
        # A killed update may have left its shadow.
        service = {**service, "Spec": without_shadow(service["Spec"])}
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
        """Gate, what is asked for with live requests, rolling update, files."""
        begun = time.monotonic()
        gate: GateVerdict | None = None
        live: tuple[GateCheck, ...] = ()
        rolling: GateCheck | None = None
        if self._image == self.request.image:
            self.progress.step(f"{self._name} runs {self.request.image}: only files are written")
        else:
            try:
                gate, live = self._beside(reference)
                if self._passed(gate, live):
                    rolling = self._roll(reference)
            finally:
                self._shadow.end()
        done = self._passed(gate, live) and (rolling is None or rolling.outcome == "passed")
        if done:
            for path in write_plan(self.plan, self.folder).changed:
                self.progress.warn(f"{self.folder / path}: you changed it, so it stays as it is")
        names = {one.name: one for one in live}
        version = reference.manifest.tag
        result = UpdateResult(
            *(self.one.name, self.one.version, version, done, gate),
            canary=names.get(CANARY),
            seconds=time.monotonic() - begun,
            labels=names.get(LABELS),
            rolling=rolling,
            shadow=names.get(SHADOW),
        )
        if done:
            record_update(self.folder, result, self.request)
        return result

    def _passed(self, gate: GateVerdict | None, live: tuple[GateCheck, ...]) -> bool:
        accepted = not live or GateVerdict(live, self.request.accept_too_few).passed
        return accepted and (gate is None or gate.passed)

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

    def _beside(self, reference: Reference) -> tuple[GateVerdict | None, tuple[GateCheck, ...]]:
        """The verdicts on a candidate beside the serving version; none if none is asked for."""
        request = self.request
        if request.no_gate:
            self.progress.warn(f"no gate: {request.no_gate}")
            if not request.shadow and not request.canary:
                return None, ()
        _check_local()
        key, gate = metrics_key(request, self.one, self.folder), None
        with running_candidate(
            self.swarm, self.service, self._new(reference), self._proxy_image, self.progress
        ) as candidate:
            if not request.no_gate:
                servers = candidate.servers
                gate = run_update_gate(servers, reference, request, key, self.engine, self.progress)
                if not gate.passed:
                    return gate, ()
            return gate, self._live(candidate, key, reference.manifest.tag)

    def _live(
        self, candidate: RunningCandidate, key: str | None, version: str
    ) -> tuple[GateCheck, ...]:
        """The verdicts of shadow and canary, as far as they are asked for."""
        request, one = self.request, self.one
        network = StackNetwork(self.swarm, self._image, candidate.network, key)
        checks: tuple[GateCheck, ...] = ()
        if request.shadow:
            serving, minutes = (one.name, one.version), request.shadow_minutes
            shadow = self._shadow.watch(candidate, network, serving, minutes, self._secret())
            checks += (shadow,)
        if request.canary and self._passed(None, checks):
            versions, labels = (one.version, version), PROMETHEUS in self.plan.fleet.parts
            canary = SwarmCanary(
                self.swarm, self.service, self._proxy, candidate, network, self.progress
            )
            minutes = request.canary_minutes
            with canary.routed(request.canary, minutes):
                checks += canary.watch(request.canary, minutes, versions, one.name, labels)
        return checks

    @property
    def _shadow(self) -> SwarmShadow:
        return SwarmShadow(self.swarm, self.service, self.progress)

    def _secret(self) -> tuple[str, str] | None:
        """Id and name of the secret with the key that Prometheus sends; None without keys."""
        if not self.one.keys:
            return None
        path = scrape_key_path(self.one)
        text = planned_secrets(self.folder, self.plan.fleet)[path]
        name = content_name(scrape_secret(self.one), text)
        return self.swarm.secret(name), name

    @property
    def _proxy(self) -> Service:
        before = self._name.removesuffix(model_service(self.one))
        proxy = self.swarm.named(before + proxy_service(self.one))
        if proxy is None:
            raise UsageError(
                f"{before}{proxy_service(self.one)}: expected a service, got none",
                "deploy the folder again: docker stack deploy",
            )
        return proxy

    @property
    def _proxy_image(self) -> str:
        return _image_of(self._proxy)

    def _roll(self, reference: Reference) -> GateCheck:
        spec = updated_spec(self.service, self._new(reference))
        rolled = roll(self.swarm, self.service, spec, self.progress)
        numbers = {"seconds": round(rolled.seconds, 1), "outcome": rolled.outcome}
        if rolled.outcome == "completed":
            return GateCheck(CHECK, "passed", f"completed in {rolled.seconds:.0f} s", numbers)
        summary = f"{rolled.outcome} after {rolled.seconds:.0f} s: {rolled.reason}"
        return GateCheck(CHECK, "failed", summary, numbers)


def _check(request: UpdateRequest) -> None:
    if not request.image:
        raise UsageError(
            "--image: expected the image as every host of the Swarm pulls it, got none",
            "push the image, and name it with its digest: NAME@sha256:…",
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
    services = [
        service
        for service in swarm.services(secret)
        if service["Spec"].get("Labels", {}).get(MODEL_LABEL) == one.name
    ]
    if len(services) != 1:
        names = ", ".join(service["Spec"]["Name"] for service in services) or "none"
        raise UsageError(
            f"{one.name}: expected one service with the secret {secret}, got {names}",
            f"deploy the folder first: docker stack deploy -c {folder}/stack.yml STACK",
        )
    return services[0]
