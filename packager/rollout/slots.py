"""The two slots of a model in a folder of ``deploy compose``: files, containers and traffic."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from pathlib import Path

from packager.deploy.compose.deploy import compose_files, linked_files, write_fleet
from packager.deploy.compose.services import DEADLINE_SECONDS
from packager.deploy.fleet import SLOTS, DeployedModel, Fleet, UpdateCandidate
from packager.deploy.folder_target import COMPOSE, target_fleet
from packager.deploy.monitoring import monitored, replica_mib
from packager.deploy.parts import PROMETHEUS
from packager.errors import PackageError
from packager.image.config import PORT
from packager.image.reference import Reference
from packager.image.runtime import VENV
from packager.progress import Progress
from packager.replicas.counters import CounterTotals
from packager.rollout.asked_replicas import FETCH, RESOLVE, shadow_counts
from packager.rollout.compose_command import ComposeCommand
from packager.rollout.mirrored_requests import ServerAddress
from packager.rollout.proxy_control import ProxyControl
from packager.runners.server_log import last_lines, startup_error

RESTARTING = "restarting"
ENDED = ("exited", "dead", RESTARTING)
"""States of a container whose server does not run."""
POLL_SECONDS = 1.0
DRAIN_SECONDS = DEADLINE_SECONDS + 15.0


@dataclass(frozen=True)
class Slots:
    """One model's slots; ``fleet`` and ``one`` are those from before the update."""

    folder: Path
    fleet: Fleet
    one: DeployedModel
    compose: ComposeCommand
    progress: Progress

    @property
    def control(self) -> ProxyControl:
        """The model's proxy."""
        return ProxyControl(self.compose, self.one)

    @property
    def service(self) -> str:
        """The service of the new version's replicas."""
        return self.one.slot_service(self.one.idle)

    def address(self, slot: str) -> str:
        """The address of one slot's replicas on this host."""
        return f"http://127.0.0.1:{self.one.port + 1 + SLOTS.index(slot)}"

    def shadow_counts(self, key: str | None) -> CounterTotals:
        """The counters of the replicas that send rows to the new version; ``key``: of theirs."""
        one = self.one
        said = self.compose.run(
            *("exec", "-T", one.shadow_service, f"/{VENV}/bin/python", "-c", FETCH),
            *(one.slot_service(one.slot), str(PORT), "/metrics"),
            text=key or "",
        )
        return shadow_counts(said, one.name, one.version)

    def start_shadow(self, seconds: float) -> None:
        """Have replicas that send their rows to the new version serve, in place of the others.

        They are ready before the others stop. Repeatable after an interruption. Raises
        ``PackageError`` if they aren't after ``seconds``.
        """
        one = self.one
        self.compose.run("up", "--detach", "--no-deps", one.shadow_service)
        self._wait_until_serving(one.shadow_service, one.slot_service(one.slot), seconds)
        self._leave(one.shadow_service, one.slot_service(one.slot))

    def end_shadow(self, seconds: float) -> None:
        """Have replicas without a shadow serve again; the reverse of ``start_shadow``."""
        one = self.one
        self.compose.run("up", "--detach", "--no-deps", one.slot_service(one.slot))
        self._wait_until_serving(one.slot_service(one.slot), one.shadow_service, seconds)
        self._leave(one.slot_service(one.slot), one.shadow_service)

    def _leave(self, stays: str, service: str) -> None:
        """Remove the replicas of ``service`` when they answer no request any more.

        Those of ``stays`` answer under the same name, and get the requests.
        """
        one = self.one
        python = ("exec", "-T", stays, f"/{VENV}/bin/python", "-c", RESOLVE)
        said = self.compose.run(*python, one.slot_service(one.slot), one.shadow_service)
        serving, shadow = (set(addresses) for addresses in json.loads(said))
        self.control.set_aside(shadow if service == one.shadow_service else serving - shadow)
        self.drain(one.slot, aside=True)
        self.remove(service)
        self.control.set_weights(one.weights())

    def _wait_until_serving(self, service: str, other: str, seconds: float) -> None:
        """Until the replicas of ``service`` are healthy, and the proxy finds those of both."""
        until = time.monotonic() + seconds
        while True:
            healthy, others = self._healthy(service), self._healthy(other)
            if healthy >= self.one.replicas:
                ready = self.control.up(self.one.slot)
                if ready >= healthy + others:
                    return
            self._check_replicas(service)
            if time.monotonic() >= until:
                raise self._not_ready(service, f"{healthy} after {seconds:g} s")
            time.sleep(POLL_SECONDS)

    def _healthy(self, service: str) -> int:
        containers = self.compose.containers(service)
        return sum(str(one.get("Health")) == "healthy" for one in containers)

    def check_running(self) -> None:
        """Raise ``PackageError`` if the proxy and the serving replicas don't run."""
        for service in (self.one.proxy, self.one.slot_service(self.one.slot)):
            containers = self.compose.containers(service)
            if not any(str(one.get("State")) == "running" for one in containers):
                raise PackageError(
                    f"{service}: expected a running container, got none",
                    f"start the deployment: docker compose -f {self.folder}/compose.yml up -d",
                )

    def write_candidate(self, new: UpdateCandidate) -> None:
        """Write the folder with both versions, and the proxy's weights in it."""
        both = replace(self.one, candidate=new)
        fleet = replace(self.fleet, members={**self.fleet.members, self.one.name: both})
        write_fleet(self.folder, compose_files(fleet), fleet, fleet.members)

    def write_updated(self, reference: Reference, image: str) -> None:
        """Write the folder of the new version, with its rules and its dashboard."""
        after = replace(
            self.one,
            version=reference.manifest.tag,
            image=image,
            memory_mib=replica_mib(reference.manifest),
            network=reference.manifest.serve.network or self.one.network,
            slot=self.one.idle,
        )
        fleet = replace(self.fleet, members={**self.fleet.members, self.one.name: after})
        model = monitored(reference, after.objectives, after.alerts)
        others = fleet.members.keys() - {self.one.name}
        write_fleet(
            self.folder, {**linked_files(model, fleet), **compose_files(fleet)}, fleet, others
        )

    def start(self, seconds: float) -> None:
        """Start the replicas of the new version, and wait until the proxy finds all ready.

        Raises ``PackageError`` with the end of their log if one ends, or after ``seconds``.
        """
        self.compose.run("up", "--detach", "--no-deps", self.service)
        self.reload_prometheus()
        until = time.monotonic() + seconds
        with ServerAddress(self.address(self.one.idle)) as server:
            while True:
                ready = 0
                if server.get("/readyz").status == 200:
                    ready = self.control.up(self.one.idle)
                    if ready >= self.one.replicas:
                        return
                self._check_replicas(self.service)
                if time.monotonic() >= until:
                    raise self._not_ready(self.service, f"{ready} after {seconds:g} s")
                time.sleep(POLL_SECONDS)

    def _check_replicas(self, service: str) -> None:
        for container in self.compose.containers(service):
            state = container.get("State")
            if state == RESTARTING:  # Compose does not know the code of such a container
                raise self._not_ready(service, "one that ends and is started again")
            if state in ENDED:
                raise self._not_ready(
                    service, f"one that ended with code {container.get('ExitCode')}"
                )

    def _not_ready(self, service: str, got: str) -> PackageError:
        log = self.compose.log(service)
        error = startup_error(log)
        end = f"{error.message}; {error.hint}" if error is not None else last_lines(log, 800)
        end = end or "empty"
        expected = f"{self.one.replicas} ready replicas"
        return PackageError(
            f"{service}: expected {expected}, got {got}", f"the end of its log: {end}"
        )

    def drain(self, slot: str, *, aside: bool = False) -> None:
        """Wait until the replicas of ``slot`` answer no request, at most ``DRAIN_SECONDS``.

        ``aside``: only those that get no new ones.
        """
        until = time.monotonic() + DRAIN_SECONDS
        while open_requests := sum(
            server.current
            for server in self.control.servers()
            if server.slot == slot and not (aside and server.weight)
        ):
            if time.monotonic() >= until:
                self.progress.warn(
                    f"{open_requests} requests are still with {slot}; it stops by itself"
                )
                return
            time.sleep(POLL_SECONDS)

    def remove(self, *services: str) -> None:
        """Stop the replicas of services and remove their containers."""
        self.compose.run("rm", "--stop", "--force", *services)

    def remove_serving(self) -> None:
        """Remove the earlier version's replicas, if the folder still has both versions."""
        candidate = self._candidate()
        if candidate is not None:  # else a killed command came this far
            shadow = [self.one.shadow_service] if candidate.shadow else []
            self.remove(self.one.slot_service(self.one.slot), *shadow)

    def remove_candidate(self, seconds: float) -> None:
        """Remove the new version's replicas if the folder has them.

        ``seconds``: how long replicas of the earlier version that end a shadow may take to start.
        """
        candidate = self._candidate()
        if candidate is None:
            return
        if candidate.shadow:
            self.end_shadow(seconds)
        self.remove(self.one.slot_service(self.one.idle))

    def _candidate(self) -> UpdateCandidate | None:
        now = target_fleet(self.folder, COMPOSE).members.get(self.one.name)
        return None if now is None else now.candidate

    def reload_prometheus(self) -> None:
        """Have Prometheus read its configuration and the rules again, if it runs here.

        It does not fail the update: the rules are read at the next start anyway.
        """
        if PROMETHEUS not in self.fleet.parts:
            return
        try:
            containers = self.compose.containers(PROMETHEUS)
            if any(str(one.get("State")) == "running" for one in containers):
                self.compose.run("kill", "--signal", "HUP", PROMETHEUS)
        except PackageError as error:
            self.progress.warn(f"prometheus does not know the new files yet: {error.message}")
