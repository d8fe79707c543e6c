"""Containers for jobs and for serving, and their isolation."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import IO, Any

import docker
import requests
from docker.constants import DEFAULT_UNIX_SOCKET
from docker.context import ContextAPI
from docker.errors import APIError, DockerException, NotFound
from docker.models.containers import Container
from docker.types import Mount

from packager.cache import process_id
from packager.engine.hardening import (
    HARDENING,
    JOB_MEMORY_SHARE,
    ROOT_USER,
    SCRATCH,
    SERVER_MEMORY_SHARE,
    limits,
    share_of_memory,
)
from packager.engine.job import WORK, ContainerJob
from packager.engine.started import RunningContainer, ServerContainer
from packager.engine.streams import folders_tar, lines
from packager.errors import PackageError
from packager.exit_reason import MAX_LINES, ExitReason
from packager.tar_reader import TarReader, plain_tar, unpack_plain

STOP_SECONDS = 15
OWNER = "model-packager.owner"
# Folders that a job may write, each a volume: unlike a tmpfs, a volume outlives the job, so results
# can be fetched after it, and uses no memory.
WRITABLE = {WORK: 0o777, "/code": 0o777, "/tmp": 0o1777}
OnLine = Callable[[str], None]


@dataclass(frozen=True)
class ServerOptions:
    """Options of a serving container."""

    environment: Mapping[str, str]
    mounts: Sequence[tuple[Path, str, bool]]
    """(path on the host, path in the container, writable) of each file or folder."""
    memory: int | None = None
    """Bytes; None: ``SERVER_MEMORY_SHARE`` of the engine's memory."""
    further_ports: Mapping[int, int] = field(default_factory=dict)
    """Port in the container → port on 127.0.0.1, beside that of HTTP."""


class InspectionContainer(RunningContainer):
    """A container in which commands are run to inspect it."""

    def run(self, command: Sequence[str]) -> tuple[int, str]:
        """Exit code and output of a command in the container; code 1 if the container has ended."""
        try:
            code, output = self._container.exec_run(list(command))
        except APIError as error:
            return 1, str(error.explanation)
        return int(code), output.decode(errors="replace")

    def log(self) -> str:
        """Its output so far."""
        return str(self._container.logs().decode(errors="replace")).strip()


class Containers:
    """Starts containers of an engine."""

    def __init__(self, client: docker.DockerClient) -> None:
        self._client = client

    @cached_property
    def _is_docker(self) -> bool:
        """Whether it is Docker's own engine."""
        with engine_errors("asking for its version"):
            parts = self._client.version().get("Components") or ()
        return any(part.get("Name") == "Engine" for part in parts)

    @contextlib.contextmanager
    def _container(
        self, doing: str, image: str, command: Sequence[str] | None = None, **options: Any
    ) -> Iterator[Container]:
        """A container owned by this process, without a network by default; always removed.

        It has no capabilities and gains no privileges, and its processes and memory are limited.
        """
        with engine_errors(doing):
            options = {**_own(), **self._limits(), **options}
            container = self._client.containers.create(
                image, list(command) if command else None, **options
            )
            try:
                yield container
            except BaseException:
                # Raise the first error; the next build removes what is left.
                with contextlib.suppress(DockerException, requests.RequestException):
                    container.remove(force=True, v=True)
                raise
            with ignore_missing():
                container.remove(force=True, v=True)

    @contextlib.contextmanager
    def _volumes(self, doing: str, image: str) -> Iterator[Container]:
        """A container, never started, that owns the volumes of ``WRITABLE``, filled from ``image``.

        An engine gives a volume the owner and mode of the folder in the image (root). An archive
        changes the modes: Docker takes that of a folder from its own entry, Podman from the entry
        ``.`` of an archive for the volume. For each archive Docker starts a program, in 50 ms.
        """
        options = {"entrypoint": [], "volumes": list(WRITABLE), "user": ROOT_USER}
        with self._container(doing, image, ["-"], **options) as container:
            container.put_archive("/", folders_tar(WRITABLE))
            for path, mode in WRITABLE.items() if not self._is_docker else ():
                container.put_archive(path, folders_tar({".": mode}))
            yield container

    def job(self, job: ContainerJob, destination: Path, on_line: OnLine) -> ExitReason:
        """Run ``job`` in a container without a network; return how it ended.

        The container is read-only except for the folders of ``WRITABLE``. ``job.output`` is
        unpacked into ``destination`` afterwards. Container and volumes are removed.
        """
        with self._volumes(job.doing, job.image) as lender:
            options: dict[str, Any] = {"read_only": True, "volumes_from": [lender.id]}
            options["environment"] = dict(job.environment)
            with self._container(job.doing, job.image, job.command, **options) as container:
                if job.files is not None:
                    container.put_archive(WORK, job.files)
                # Not the log stream: Podman does not always end it when the container ends.
                stream = container.attach(stream=True)
                container.start()
                job.cancellation.started(lambda: _end(container))
                last: deque[str] = deque(maxlen=MAX_LINES)
                for line in lines(stream):
                    last.append(line)
                    on_line(line)
                code = int(container.wait()["StatusCode"])
                if code > 128:  # ended by a signal, perhaps because the engine is stopping
                    self._client.ping()
                self._fetch(container, job.output, destination)
                container.reload()
                killed = code != 0 and bool(container.attrs["State"].get("OOMKilled"))
                return ExitReason(code, killed, tuple(last))

    def transform(
        self, image: str, command: Sequence[str], files: IO[bytes] | None, output: str
    ) -> bytes:
        """Run ``command`` as root in a container with the tar ``files``; ``output`` as a tar."""
        options: dict[str, Any] = {"entrypoint": [], "user": ROOT_USER}
        with self._container("running a container", image, command, **options) as container:
            if files is not None:
                container.put_archive("/", files)
            container.start()
            if container.wait()["StatusCode"] != 0:
                raise PackageError(
                    f"{image}: {command[0]} failed: {container.logs().decode()[-500:]}",
                    "check that the image holds a working Python",
                )
            chunks, _ = container.get_archive(output)
            return b"".join(chunks)

    def output(self, image: str, command: Sequence[str]) -> str:
        """The standard output of ``command`` in a container of ``image``."""
        with engine_errors("running a container"):
            own = {"entrypoint": [], "remove": True, **_own(), **self._limits()}
            output: bytes = self._client.containers.run(image, list(command), **own)
        return output.decode()

    def read(self, image: str, path: str, destination: Path) -> bool:
        """Copy ``path`` out of an image without running it; False if it does not exist."""
        with self._container("reading an image", image, ["-"]) as container:
            return self._fetch(container, path, destination)

    @contextlib.contextmanager
    def sandbox(self, image: str, environment: Mapping[str, str]) -> Iterator[InspectionContainer]:
        """A container of ``image`` as deployed, but without a network; removed afterwards."""
        options: dict[str, Any] = {"read_only": True, "tmpfs": SCRATCH, "healthcheck": None}
        options["environment"] = dict(environment)
        with self._container("inspecting a started image", image, **options) as container:
            container.start()
            yield InspectionContainer(container)

    @contextlib.contextmanager
    def server(
        self, image: str, name: str, port: int, inside: int, chosen: ServerOptions
    ) -> Iterator[ServerContainer]:
        """A serving container, read-only, published on 127.0.0.1 only; removed afterwards.

        With mounts it runs as this process's user (unless that is root), because only that user
        may be allowed to read them.
        """
        mounts = chosen.mounts
        walls = {"user": f"{os.getuid()}:{os.getgid()}"} if mounts and os.getuid() else {}
        options: dict[str, Any] = {
            "name": name,
            "labels": {},  # no owner: it keeps serving if this process is killed
            "network_mode": None,
            "healthcheck": None,
            "ports": {
                f"{at}/tcp": ("127.0.0.1", outside or None)
                for at, outside in {inside: port, **chosen.further_ports}.items()
            },
            "read_only": True,
            "tmpfs": SCRATCH,
            "environment": dict(chosen.environment),
            "mounts": [
                Mount(target, str(source), type="bind", read_only=not writable)
                for source, target, writable in mounts
            ],
        }
        with engine_errors("asking for its memory"):
            limited = self._limits(chosen.memory, SERVER_MEMORY_SHARE)
        options |= {**walls, **limited}
        with self._container("serving an image", image, **options) as container:
            started = time.monotonic()
            container.start()
            container.reload()
            published = container.ports[f"{inside}/tcp"][0]["HostPort"]
            try:
                yield ServerContainer(container, f"http://127.0.0.1:{published}", started)
            finally:
                with contextlib.suppress(NotFound):
                    container.stop(timeout=STOP_SECONDS)

    def _limits(self, memory: int | None = None, share: float = JOB_MEMORY_SHARE) -> dict[str, Any]:
        """Limits of processes and memory: ``memory`` bytes, or ``share`` of the engine's memory."""
        engine = self._client.info()
        return limits(engine, memory or share_of_memory(engine, share))

    def _fetch(self, container: Container, path: str, destination: Path) -> bool:
        try:
            chunks, _ = container.get_archive(path)
        except NotFound:
            return False
        with tempfile.TemporaryFile() as file:
            file.writelines(chunks)
            destination.mkdir(parents=True, exist_ok=True)
            unpack_plain(TarReader(file, plain_tar(path)), destination, inside=True)
        return True


def _end(container: Container) -> None:
    with contextlib.suppress(APIError):  # it has ended by itself
        container.kill()


def _own() -> dict[str, Any]:
    """Options of containers of this process; health checks are off, as only servers need them."""
    healthcheck = {"test": ["NONE"]}
    owned = {"network_mode": "none", "labels": {OWNER: process_id()}, "healthcheck": healthcheck}
    return {**HARDENING, **owned}


@contextlib.contextmanager
def ignore_missing() -> Iterator[None]:
    """Ignore that another process has removed, or is removing, a container."""
    try:
        yield
    except NotFound:
        pass
    except APIError as error:
        if "is already in progress" not in str(error.explanation):
            raise


@contextlib.contextmanager
def engine_errors(doing: str) -> Iterator[None]:
    """Turn errors of an engine or its connection into a ``PackageError``."""
    try:
        yield
    except requests.ConnectionError as error:
        raise PackageError(
            f"the Docker engine at {engine_address()} became unavailable while {doing}: {error}",
            "start it, wait until `docker info` answers, and run the command again; nothing was "
            "written, and the next build removes what this run left in the engine",
        ) from error
    except (DockerException, requests.RequestException) as error:
        raise PackageError(
            f"the Docker engine at {engine_address()} failed while {doing}: {error}",
            "check that the engine runs (`docker info`), then try again",
        ) from error


def engine_address() -> str:
    """The engine's address: ``DOCKER_HOST``, or that of the current docker context."""
    context = ContextAPI.get_current_context()
    return os.environ.get("DOCKER_HOST") or (context and context.Host) or DEFAULT_UNIX_SOCKET
