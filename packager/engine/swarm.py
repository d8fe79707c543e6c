"""Services of a Docker Swarm, through the engine of one of its managers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import docker
from docker.errors import ImageNotFound, NotFound

from packager.cache import process_id
from packager.engine.containers import OWNER, engine_errors, ignore_missing
from packager.engine.engine import connected_client
from packager.engine.hardening import HARDENING, MAX_PROCESSES
from packager.engine.streams import files_tar
from packager.errors import PackageError, UsageError

Service = dict[str, Any]
"""A service as the engine describes it."""
RELAY_MEMORY = OUTPUT_MEMORY = 128 << 20
OUTPUT_SECONDS = 180
MAX_SAID = 400


@dataclass(frozen=True)
class SwarmTask:
    """One task of a service."""

    state: str
    """``running``, ``pending``, ``failed``, …"""
    desired_state: str
    """The state that the Swarm works towards."""
    image: str
    error: str
    """Why it isn't running; empty if the Swarm doesn't say."""
    environment: frozenset[str] = frozenset()
    """Its variables, NAME=value."""


@dataclass(frozen=True)
class UpdateState:
    """Progress of the last update of a service."""

    state: str
    """``updating``, ``completed``, ``paused``, ``rollback_completed``, …; empty before it began."""
    message: str


class Swarm:
    """A Swarm's services."""

    def __init__(self, client: docker.DockerClient) -> None:
        self._client = client

    @classmethod
    def connect(cls) -> Self:
        """Through the engine of ``DOCKER_HOST`` or the current context.

        Raises ``PackageError`` if none answers, and ``UsageError`` if it is no manager.
        """
        client = connected_client()
        if client is None:
            raise PackageError(
                "no Docker engine answers", "run this on a manager of the Swarm, or set DOCKER_HOST"
            )
        with engine_errors("asking for its Swarm"):
            info = client.info().get("Swarm", {})
        if not info.get("ControlAvailable"):
            raise UsageError(
                f"expected an engine that is a manager of a Swarm, got one that is "
                f"{info.get('LocalNodeState', 'inactive')}",
                "run this on a manager, or set DOCKER_HOST to one: docker node ls",
            )
        return cls(client)

    def services(self, secret: str) -> list[Service]:
        """The services that have the secret of this name."""
        with engine_errors("listing the services"):
            return [
                service for service in self._client.api.services() if secret in _secrets(service)
            ]

    def named(self, name: str) -> Service | None:
        """The service of exactly this name."""
        with engine_errors(f"looking for the service {name}"):
            try:
                return dict(self._client.api.inspect_service(name))
            except NotFound:
                return None

    def create(self, spec: Mapping[str, Any]) -> str:
        """Create a service of ``spec``; its id."""
        with engine_errors(f"creating the service {spec['Name']}"):
            service = self._client.api.create_service(
                dict(spec["TaskTemplate"]),
                name=spec["Name"],
                labels=dict(spec["Labels"]),
                mode=dict(spec["Mode"]),
                endpoint_spec=dict(spec["EndpointSpec"]),
            )
        return str(service["ID"])

    def change(self, service: Service, spec: Mapping[str, Any]) -> None:
        """Begin an update of ``service`` to ``spec``."""
        with engine_errors(f"updating the service {spec['Name']}"):
            self._client.api.update_service(
                service["ID"],
                service["Version"]["Index"],
                task_template=spec["TaskTemplate"],
                name=spec["Name"],
                labels=spec.get("Labels"),
                mode=spec["Mode"],
                update_config=spec.get("UpdateConfig"),
                rollback_config=spec.get("RollbackConfig"),
                endpoint_spec=spec.get("EndpointSpec"),
            )

    def update_state(self, service: str) -> UpdateState:
        """Progress of the last update of the service with this id."""
        with engine_errors("watching the update"):
            info = self._client.api.inspect_service(service).get("UpdateStatus") or {}
        return UpdateState(str(info.get("State", "")), str(info.get("Message", "")))

    def tasks(self, service: str) -> list[SwarmTask]:
        """The tasks of the service with this id, the newest first; ended ones too."""
        with engine_errors("asking for tasks"):
            tasks = self._client.api.tasks(filters={"service": service})
        return [
            SwarmTask(
                str(one["Status"]["State"]),
                str(one["DesiredState"]),
                str(one["Spec"]["ContainerSpec"]["Image"]),
                str(one["Status"].get("Err", "")),
                frozenset(one["Spec"]["ContainerSpec"].get("Env") or ()),
            )
            for one in sorted(tasks, key=lambda one: str(one["CreatedAt"]), reverse=True)
        ]

    def remove(self, service: str) -> None:
        """Remove the service with this id or name; none is no error."""
        with engine_errors(f"removing the service {service}"), ignore_missing():
            self._client.api.remove_service(service)

    def network(self, service: Service) -> str:
        """The id of the network of ``service`` that containers may join.

        Raises ``UsageError`` if it has none.
        """
        for one in service["Spec"]["TaskTemplate"].get("Networks", ()):
            with engine_errors("asking for networks"):
                info = self._client.api.inspect_network(one["Target"])
            if info.get("Attachable"):
                return str(info["Id"])
        raise UsageError(
            f"{service['Spec']['Name']}: expected an attachable network, by which a new version "
            "can be asked, got none",
            "deploy the folder again (docker stack deploy), or take --no-gate",
        )

    @contextmanager
    def relay(
        self, image: str, command: list[str], files: Mapping[str, bytes], ports: int, network: str
    ) -> Iterator[list[str]]:
        """A container on ``network``; the addresses of its ports 8001, 8002, … on 127.0.0.1.

        It runs ``command`` of ``image`` with ``files`` (path below ``/tmp`` → content), and is
        removed afterwards.
        """
        inside = [f"{8001 + number}/tcp" for number in range(ports)]
        options = {
            **HARDENING,
            "labels": {OWNER: process_id()},
            "ports": dict.fromkeys(inside, ("127.0.0.1", None)),
            "pids_limit": MAX_PROCESSES,
            "mem_limit": RELAY_MEMORY,
            "entrypoint": [],
        }
        with engine_errors("asking a new version"):
            container = self._created(image, command, options)
            try:
                self._client.networks.get(network).connect(container)
                container.put_archive("/tmp", files_tar(files))
                container.start()
                container.reload()
                yield [f"http://127.0.0.1:{container.ports[one][0]['HostPort']}" for one in inside]
            finally:
                with ignore_missing():
                    container.remove(force=True, v=True)

    def output(
        self, image: str, command: list[str], files: Mapping[str, bytes], network: str
    ) -> str:
        """The output of ``command`` in ``image`` on ``network``, with ``files`` below ``/tmp``.

        Raises ``PackageError`` with what it says if it fails.
        """
        options = {
            **HARDENING,
            "labels": {OWNER: process_id()},
            "pids_limit": MAX_PROCESSES,
            "mem_limit": OUTPUT_MEMORY,
            "entrypoint": [],
            "network": network,
        }
        with engine_errors("asking the tasks"):
            container = self._created(image, command, options)
            try:
                container.put_archive("/tmp", files_tar(files))
                container.start()
                code = container.wait(timeout=OUTPUT_SECONDS)["StatusCode"]
                said = container.logs(stdout=code == 0, stderr=code != 0).decode(errors="replace")
            finally:
                with ignore_missing():
                    container.remove(force=True, v=True)
        if code != 0:
            told = said.strip()[-MAX_SAID:] or "no reason given"
            raise PackageError(f"asking the tasks: {told}", "see docker service ps and its logs")
        return str(said)

    def config(self, name: str, text: str) -> str:
        """The id of a new config with this content; one of this name is removed before."""
        with engine_errors(f"making the config {name}"):
            self.remove_config(name)
            return str(self._client.api.create_config(name, text.encode())["ID"])

    def remove_config(self, name: str) -> None:
        """Remove the config of this name; none is no error."""
        with engine_errors(f"removing the config {name}"):
            for config in self._client.api.configs(filters={"name": name}):
                if config["Spec"]["Name"] == name:
                    self._client.api.remove_config(config["ID"])

    def secret(self, name: str) -> str:
        """The id of the secret of this name; raises ``UsageError`` without one."""
        with engine_errors(f"looking for the secret {name}"):
            for secret in self._client.api.secrets(filters={"names": [name]}):
                if secret["Spec"]["Name"] == name:
                    return str(secret["ID"])
        raise UsageError(
            f"expected a secret {name}, got none", "deploy the folder again: docker stack deploy"
        )

    def _created(self, image: str, command: list[str], options: Mapping[str, Any]) -> Any:
        try:
            return self._client.containers.create(image, command, **options)
        except ImageNotFound:
            self._client.images.pull(image)
            return self._client.containers.create(image, command, **options)


def _secrets(service: Service) -> set[str]:
    secrets = service["Spec"]["TaskTemplate"].get("ContainerSpec", {}).get("Secrets") or ()
    return {str(one["SecretName"]) for one in secrets}
