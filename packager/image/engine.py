"""The only Docker client: images in and out of an engine, and containers that do one job."""

from __future__ import annotations

import contextlib
import io
import os
import tarfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import docker
import requests
from docker.context import ContextAPI
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from docker.models.containers import Container

from packager.errors import PackageError, UsageError
from packager.image.containers import RunningContainer, ServerContainer
from packager.image.streams import ChunkReader, built_id, lines

PING_SECONDS = 10
STOP_SECONDS = 15
JOB_USER = "65532:0"
BUILD = {"custom_context": True, "network_mode": "none", "rm": True, "forcerm": True}
SCRATCH = {"/tmp": "rw,mode=1777,size=512m"}
OnLine = Callable[[str], None]
# The walls of every container that runs somebody's code.
WALLS: dict[str, Any] = {
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges"],
    "user": JOB_USER,
}


class Engine:
    """A Docker engine, or another that speaks its API."""

    def __init__(self, client: docker.DockerClient) -> None:
        self._client = client
        self._later: list[str] | None = None

    @contextlib.contextmanager
    def removing_later(self) -> Iterator[None]:
        """Put off all removals to the end of the block: the layers are still of use in it."""
        self._later = []
        try:
            yield
        finally:
            references, self._later = self._later, None
            for reference in references:
                self.remove(reference)

    @classmethod
    def connect(cls) -> Engine | None:
        """The engine of ``DOCKER_HOST`` or the current docker context; None if none answers."""
        try:
            if "DOCKER_HOST" in os.environ:
                client = docker.from_env(timeout=PING_SECONDS)
            else:
                context = ContextAPI.get_current_context()
                host = context.Host if context else None
                client = docker.DockerClient(base_url=host or None, timeout=PING_SECONDS)
            client.ping()
        except (DockerException, requests.RequestException):
            return None
        # A training can be silent for hours: the wait for its end must not time out.
        client.api.timeout = None
        return cls(client)

    @property
    def platform(self) -> str:
        """``linux/amd64`` or ``linux/arm64``."""
        machine = str(self._client.version().get("Arch", "amd64"))
        return f"linux/{machine}"

    @property
    def is_containerd(self) -> bool:
        """Whether images lie in a containerd store, which names them by manifest digest."""
        return "io.containerd" in str(self._client.info().get("DriverStatus"))

    def tags(self) -> list[str]:
        """Every ``repository:tag`` the engine has."""
        return [tag for image in self._client.api.images() for tag in image["RepoTags"] or ()]

    def describe(self, reference: str) -> dict[str, Any] | None:
        """What the engine knows of an image (``docker image inspect``); None if it has none."""
        try:
            return dict(self._client.api.inspect_image(reference))
        except ImageNotFound:
            return None
        except APIError as error:
            raise UsageError(
                f"{reference!r}: the engine can't take that for an image: {error.explanation}",
                "name it as repository:tag",
            ) from error

    def pull(self, reference: str, platform: str) -> bool:
        """Fetch an image from its registry; False where that fails."""
        try:
            self._client.images.pull(reference, platform=platform)
        except (APIError, requests.RequestException):
            return False
        return True

    def history(self, reference: str) -> list[dict[str, Any]]:
        """The image's layers, bottom up, as an image config tells them, with their bytes."""
        return [
            {"created_by": entry["CreatedBy"], "size": entry["Size"]}
            for entry in reversed(self._client.api.history(reference))
        ]

    def save(self, reference: str) -> Iterator[bytes]:
        """The image as a ``docker save`` archive, in chunks."""
        yield from self._client.api.get_image(reference)

    def load(self, archive: Iterable[bytes]) -> None:
        """``docker load``; raises ``PackageError`` with the engine's own words."""
        with _engine_errors("loading the image"):
            for line in self._client.api.load_image(archive):
                if "error" in line:
                    raise PackageError(
                        f"the engine refused the image: {line['error']}",
                        "check its disk space (`docker system df`) and build again",
                    )

    def build(
        self, context: Iterable[bytes], labels: Mapping[str, str], on_line: OnLine, *, fresh: bool
    ) -> str:
        """Build the Dockerfile at the top of a tar, network off; the id of the untagged image."""
        asked = {**BUILD, "labels": dict(labels), "nocache": fresh, "decode": True}
        with _engine_errors("building the image"):
            return built_id(self._client.api.build(fileobj=context, **asked), on_line)

    def tag(self, image: str, name: str) -> None:
        """Give an image a name more, ``repository:tag``."""
        with _engine_errors("naming the image"):
            self._client.api.tag(image, *name.rsplit(":", 1))

    def held_layers(self, diff_ids: Sequence[str]) -> int:
        """How many of these layers, from the bottom, some image in the engine already has."""
        with _engine_errors("listing its images"):
            return self._held_layers(diff_ids)

    def _held_layers(self, diff_ids: Sequence[str]) -> int:
        if self.is_containerd:
            return 0  # such a store wants every blob of an archive
        longest = 0
        for image in self._client.api.images(all=True):
            described = self.describe(image["Id"]) or {}
            layers = described.get("RootFS", {}).get("Layers") or []
            common = 0
            for ours, theirs in zip(diff_ids, layers, strict=False):
                if ours != theirs:
                    break
                common += 1
            longest = max(longest, common)
        return longest

    def remove(self, reference: str) -> None:
        """Forget a tag, and the layers nothing else holds; later, within ``removing_later``."""
        if self._later is not None:
            self._later.append(reference)
            return
        with _engine_errors("removing an image"), contextlib.suppress(ImageNotFound):
            self._client.api.remove_image(reference, force=True)

    def job(
        self,
        image: str,
        command: Sequence[str],
        files: IO[bytes] | None,
        output: str,
        destination: Path,
        *,
        environment: Mapping[str, str],
        on_line: OnLine,
    ) -> int:
        """Run ``command`` in a container without network; return its exit code.

        ``files`` is a tar laid at ``/`` before the start; the folder or file at ``output`` is
        unpacked into ``destination`` afterwards, where it exists. The container is removed.
        """
        container = self._client.containers.create(
            image, list(command), environment=dict(environment), network_mode="none", **WALLS
        )
        with _engine_errors("running a container"), _discarded(container):
            if files is not None:
                container.put_archive("/", files)
            container.start()
            for line in lines(container.logs(stream=True, follow=True)):
                on_line(line)
            code = int(container.wait()["StatusCode"])
            self._fetch(container, output, destination)
            return code

    def transform(
        self, image: str, command: Sequence[str], files: IO[bytes] | None, output: str
    ) -> bytes:
        """Run ``command`` over ``files`` as root of a container; ``output`` of it as a tar."""
        container = self._client.containers.create(
            image, list(command), entrypoint=[], network_mode="none", user="0"
        )
        with _engine_errors("running a container"), _discarded(container):
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
        """What ``command`` prints in a container of ``image``."""
        with _engine_errors("running a container"):
            said: bytes = self._client.containers.run(
                image, list(command), entrypoint=[], network_mode="none", remove=True
            )
        return said.decode()

    def read(self, image: str, path: str, destination: Path) -> bool:
        """Copy ``path`` out of an image without running it; False if it is not there."""
        container = self._client.containers.create(image, ["-"], network_mode="none")
        with _engine_errors("reading an image"), _discarded(container):
            return self._fetch(container, path, destination)

    @contextlib.contextmanager
    def sandbox(self, image: str) -> Iterator[Sandbox]:
        """``image`` started as it will be deployed, without a network; removed afterwards."""
        with _engine_errors("starting a container"):
            container = self._client.containers.create(
                image, network_mode="none", read_only=True, tmpfs=SCRATCH, **WALLS
            )
        with _discarded(container):
            with _engine_errors("starting a container"):
                container.start()
            yield Sandbox(container)

    @contextlib.contextmanager
    def server(self, image: str, name: str, port: int, inside: int) -> Iterator[ServerContainer]:
        """A serving container, read-only, published on 127.0.0.1 only; removed afterwards."""
        with _engine_errors("starting a container"):
            container = self._client.containers.create(
                image,
                name=name,
                ports={f"{inside}/tcp": ("127.0.0.1", port or None)},
                read_only=True,
                tmpfs=SCRATCH,
                **WALLS,
            )
        with _discarded(container):
            started = time.monotonic()
            with _engine_errors("starting a container"):
                container.start()
                container.reload()
            published = container.ports[f"{inside}/tcp"][0]["HostPort"]
            try:
                yield ServerContainer(container, f"http://127.0.0.1:{published}", started)
            finally:
                with contextlib.suppress(NotFound):
                    container.stop(timeout=STOP_SECONDS)

    def _fetch(self, container: Container, path: str, destination: Path) -> bool:
        try:
            chunks, _ = container.get_archive(path)
        except NotFound:
            return False
        with tarfile.open(fileobj=io.BufferedReader(ChunkReader(chunks)), mode="r|") as tar:
            tar.extractall(destination, filter="data")
        return True


class Sandbox(RunningContainer):
    """A container to look at from inside."""

    def run(self, command: Sequence[str]) -> tuple[int, str]:
        """Exit code and output of a command inside; 1 where the container has ended."""
        try:
            code, output = self._container.exec_run(list(command))
        except APIError as error:
            return 1, str(error.explanation)
        return int(code), output.decode(errors="replace")

    def log(self) -> str:
        """What it has said so far."""
        return str(self._container.logs().decode(errors="replace")).strip()


@contextlib.contextmanager
def _discarded(container: Container) -> Iterator[None]:
    """Whatever happens, the container is gone afterwards, running or not."""
    try:
        yield
    finally:
        # An engine that is gone has told its error already, and took the container along.
        with contextlib.suppress(NotFound, requests.ConnectionError):
            container.remove(force=True)


@contextlib.contextmanager
def _engine_errors(doing: str) -> Iterator[None]:
    try:
        yield
    except (DockerException, requests.RequestException) as error:
        raise PackageError(
            f"the engine broke off while {doing}: {error}",
            "check that the engine runs (`docker info`), then try again",
        ) from error
