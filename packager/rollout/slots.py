"""The two slots of a model in a folder of ``deploy compose``: files, containers and traffic."""

from __future__ import annotations

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
from packager.image.reference import Reference
from packager.progress import Progress
from packager.rollout.compose_command import ComposeCommand
from packager.rollout.mirrored_requests import ServerAddress
from packager.rollout.proxy_control import ProxyControl
from packager.runners.server_log import last_lines, startup_error

ENDED = ("exited", "dead", "restarting")
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
        """Where the replicas of one slot answer, on this host."""
        return f"http://127.0.0.1:{self.one.port + 1 + SLOTS.index(slot)}"

    def check_running(self) -> None:
        """Raise ``PackageError`` if the proxy and the serving replicas don't run."""
        for service in (self.one.proxy, self.one.slot_service(self.one.slot)):
            found = self.compose.containers(service)
            if not any(str(one.get("State")) == "running" for one in found):
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
                self._check_replicas()
                if time.monotonic() >= until:
                    raise self._not_ready(f"{ready} after {seconds:g} s")
                time.sleep(POLL_SECONDS)

    def _check_replicas(self) -> None:
        for container in self.compose.containers(self.service):
            if container.get("State") in ENDED:
                raise self._not_ready(f"one that ended with code {container.get('ExitCode')}")

    def _not_ready(self, got: str) -> PackageError:
        log = self.compose.log(self.service)
        error = startup_error(log)
        end = f"{error.message}; {error.hint}" if error is not None else last_lines(log, 800)
        wanted = f"{self.one.replicas} ready replicas"
        return PackageError(
            f"{self.service}: expected {wanted}, got {got}", f"the end of its log: {end}"
        )

    def drain(self, slot: str) -> None:
        """Wait until the replicas of ``slot`` answer no request, at most ``DRAIN_SECONDS``."""
        until = time.monotonic() + DRAIN_SECONDS
        while left := sum(one.current for one in self.control.servers() if one.slot == slot):
            if time.monotonic() >= until:
                self.progress.warn(f"{left} requests are still with {slot}; it stops by itself")
                return
            time.sleep(POLL_SECONDS)

    def remove(self, slot: str) -> None:
        """Stop the replicas of ``slot`` and remove their containers."""
        self.compose.run("rm", "--stop", "--force", self.one.slot_service(slot))

    def remove_candidate(self) -> None:
        """Remove the new version's replicas if the folder has them."""
        now = target_fleet(self.folder, COMPOSE).members.get(self.one.name)
        if now is not None and now.candidate is not None:
            self.remove(self.one.idle)

    def reload_prometheus(self) -> None:
        """Have Prometheus read its configuration and the rules again, if it runs here.

        It does not fail the update: the rules are read at the next start anyway.
        """
        if PROMETHEUS not in self.fleet.parts:
            return
        try:
            found = self.compose.containers(PROMETHEUS)
            if any(str(one.get("State")) == "running" for one in found):
                self.compose.run("kill", "--signal", "HUP", PROMETHEUS)
        except PackageError as error:
            self.progress.warn(f"prometheus does not know the new files yet: {error.message}")
