"""The only Docker client: images and containers of an engine."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import docker
import requests
from docker.context import ContextAPI
from docker.errors import APIError, DockerException, ImageNotFound, NotFound

from packager.cache import is_stale, process_id
from packager.engine.attached import AttachedPipes
from packager.engine.containers import (
    OWNER,
    Containers,
    OnLine,
    engine_errors,
    ignore_missing,
)
from packager.engine.hardening import SCRATCH
from packager.engine.job import ContainerJob
from packager.engine.streams import built_id, only_file
from packager.errors import PackageError, UsageError

PING_SECONDS = 10
BUILD = {"custom_context": True, "network_mode": "none", "rm": True, "forcerm": True}
# Podman prefixes names that have no registry with localhost/.
TEMPORARY = re.compile(r"(?:localhost/)?model-packager-[a-z-]+:([0-9a-f]+-[0-9a-f]+)-[0-9a-f]+")


def connected_client() -> docker.DockerClient | None:
    """A client of the engine of ``DOCKER_HOST`` or the current docker context; None without one."""
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
    # Training can print nothing for hours, so waiting for its end must not time out.
    client.api.timeout = None
    return client


class Engine(Containers):
    """A Docker engine, or another with the same API."""

    def __init__(self, client: docker.DockerClient) -> None:
        super().__init__(client)
        self._later: list[str] | None = None
        self._layers: dict[str, Sequence[str]] = {}

    @contextlib.contextmanager
    def cleanup_scope(self) -> Iterator[None]:
        """Remove leftovers of dead builds; defer removals within the block to its end.

        Until then the block can reuse the layers of removed images.
        """
        self._sweep()
        self._later = []
        try:
            yield
        except BaseException:
            # Raise the first error; the next build removes what is left.
            with contextlib.suppress(PackageError):
                self._remove_deferred()
            raise
        self._remove_deferred()

    def _remove_deferred(self) -> None:
        references, self._later = self._later or [], None
        for reference in references:
            self.remove(reference)

    @classmethod
    def connect(cls) -> Engine | None:
        """The engine of ``DOCKER_HOST`` or the current docker context; None if none answers."""
        client = connected_client()
        return None if client is None else cls(client)

    @contextlib.contextmanager
    def conversation(self, job: ContainerJob, on_line: OnLine) -> Iterator[tuple[int, int]]:
        """A container that runs ``job.command``: descriptors of its stdout and its stdin.

        Isolated as a job, but without files in or out; removed after the block, before which the
        user closes both. ``on_line`` gets each line of its stderr.
        """
        options: dict[str, Any] = {"read_only": True, "tmpfs": SCRATCH, "stdin_open": True}
        options["environment"] = dict(job.environment)
        with self._container(job.doing, job.image, job.command, **options) as container:
            parameters = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
            pipes = AttachedPipes(container.attach_socket(params=parameters), on_line)
            pipes.start()
            try:
                container.start()
                yield pipes.ends
            finally:
                pipes.close()

    @property
    def platform(self) -> str:
        """``linux/amd64`` or ``linux/arm64``."""
        with engine_errors("asking for its platform"):
            machine = str(self._client.version().get("Arch", "amd64"))
        return f"linux/{machine}"

    def identity(self) -> dict[str, str]:
        """Its id, version, kernel and number of processors; name → value."""
        with engine_errors("asking for its kernel"):
            info = self._client.info()
        names = ("ID", "ServerVersion", "KernelVersion", "Architecture", "NCPU")
        return {name: str(info.get(name, "")) for name in names}

    @property
    def is_containerd(self) -> bool:
        """Whether it has a containerd image store, which names images by manifest digest."""
        with engine_errors("asking for its store"):
            return "io.containerd" in str(self._client.info().get("DriverStatus"))

    @property
    def skips_held_layers(self) -> bool:
        """Whether an archive may leave out layers that it holds: so does Docker's own store."""
        return self._is_docker and not self.is_containerd

    def tags(self) -> list[str]:
        """Every ``repository:tag`` of the engine."""
        with engine_errors("listing its images"):
            images = self._client.api.images()
        return [tag for image in images for tag in image["RepoTags"] or ()]

    def describe(self, reference: str) -> dict[str, Any] | None:
        """The output of ``docker image inspect``; None if the engine lacks the image."""
        with engine_errors(f"looking for the image {reference}"):
            try:
                return dict(self._client.api.inspect_image(reference))
            except ImageNotFound:
                return None
            except APIError as error:
                raise UsageError(
                    f"{reference!r}: the engine does not accept this image reference: "
                    f"{error.explanation}",
                    "name it as repository:tag",
                ) from error

    def pull(self, reference: str, platform: str) -> bool:
        """Pull an image from its registry; False if that fails."""
        with engine_errors(f"pulling {reference}"):
            try:
                self._client.images.pull(reference, platform=platform)
            except APIError:
                return False
            return True

    def history(self, reference: str) -> list[dict[str, Any]]:
        """History steps of the image, bottom up: ``created_by`` and ``size`` (bytes)."""
        with engine_errors(f"reading the history of {reference}"):
            entries = self._client.api.history(reference)
        return [{"created_by": e["CreatedBy"], "size": e["Size"]} for e in reversed(entries)]

    def documents(
        self, reference: str, folder: str, names: Sequence[str], most: int
    ) -> dict[str, bytes]:
        """The regular files ``names`` of an image's ``folder``, each of at most ``most`` bytes.

        The image is not run. Missing files are omitted.
        """
        contents = {}
        with self._container("reading an image", reference, ["-"]) as container:
            for name in names:
                with contextlib.suppress(NotFound):
                    chunks, _ = container.get_archive(f"{folder}/{name}")
                    contents[name] = only_file(chunks, f"{reference}: {name}", most)
        return contents

    def save(self, reference: str) -> Iterator[bytes]:
        """The image as a ``docker save`` archive, in chunks."""
        with engine_errors(f"reading the image {reference}"):
            yield from self._client.api.get_image(reference)

    def load(self, archive: Iterable[bytes]) -> None:
        """``docker load``; raises ``PackageError`` with the engine's message."""
        with engine_errors("loading the image"):
            for line in self._client.api.load_image(archive):
                if "error" in line:
                    raise PackageError(
                        f"the engine refused the image: {line['error']}",
                        "check its disk space (`docker system df`) and build again",
                    )

    def build(
        self, context: Iterable[bytes], labels: Mapping[str, str], on_line: OnLine, *, fresh: bool
    ) -> str:
        """Build the Dockerfile at the top of a tar, without a network.

        Returns the id of the untagged image. Raises ``PackageError`` if the build fails.
        """
        options = {**BUILD, "labels": dict(labels), "nocache": fresh, "decode": True}
        with engine_errors("building the image"):
            return built_id(self._client.api.build(fileobj=context, **options), on_line)

    def tag(self, image: str, name: str) -> None:
        """Add the tag ``name`` (``repository:tag``) to an image."""
        with engine_errors("naming the image"):
            self._client.api.tag(image, *name.rsplit(":", 1))

    def existing_layers(self, diff_ids: Sequence[str]) -> int:
        """Number of these layers, from the bottom, that one image of the engine already has."""
        with engine_errors("listing its images"):
            return self._existing_layers(diff_ids)

    def _existing_layers(self, diff_ids: Sequence[str]) -> int:
        if self.is_containerd:
            return 0  # a containerd store needs every blob of an archive
        longest = 0
        for image in self._client.api.images(all=True):
            common = 0
            for ours, theirs in zip(diff_ids, self._layers_of(image["Id"]), strict=False):
                if ours != theirs:
                    break
                common += 1
            longest = max(longest, common)
        return longest

    def _layers_of(self, image: str) -> Sequence[str]:
        """The layers, bottom up, of an image by its id; asked once, because they never change."""
        if image not in self._layers:
            described = self.describe(image)
            if described is None:  # removed since the engine listed it
                return ()
            self._layers[image] = described.get("RootFS", {}).get("Layers") or ()
        return self._layers[image]

    def remove(self, reference: str) -> None:
        """Remove a tag and its unshared layers; deferred within ``cleanup_scope``.

        An unreachable engine is no error here: the next build removes what is left.
        """
        if self._later is not None:
            self._later.append(reference)
            return
        gone = (ImageNotFound, requests.ConnectionError)
        with engine_errors(f"removing the image {reference}"), contextlib.suppress(*gone):
            self._client.api.remove_image(reference, force=True)

    def temporary(self, purpose: str) -> str:
        """A name, ``repository:tag``, for an image that only this process uses and removes."""
        return f"model-packager-{purpose}:{process_id()}-{secrets.token_hex(4)}"

    def _sweep(self) -> None:
        """Remove containers and temporary images of dead processes that used this cache."""
        with engine_errors("removing the leftovers of an interrupted build"):
            for container in self._client.api.containers(all=True, filters={"label": OWNER}):
                if is_stale(container["Labels"][OWNER]):
                    with ignore_missing():
                        self._client.api.remove_container(container["Id"], force=True, v=True)
            for tag in self.tags():
                name = TEMPORARY.fullmatch(tag)
                if name and is_stale(name[1]):
                    self.remove(tag)
