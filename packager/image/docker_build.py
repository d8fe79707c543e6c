"""``package build --builder docker``: Docker builds the rendered Dockerfile from the same files.

The assembled layers become one build context, so both builders start from the same bytes. The base
is loaded into the engine under a name that only this build uses, so Docker pulls nothing.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Literal

from packager.confinement import refuse_leaving
from packager.digest import CHUNK
from packager.engine.engine import Engine
from packager.errors import PackageError, UsageError
from packager.image.annotations import keep_annotations
from packager.image.config import (
    COPIES_ON_TOP,
    DOCKERFILE_LABELS,
    GRPC_INSIDE,
    LABEL,
    Image,
    image_of,
)
from packager.image.dockerfile import NAME as TEMPLATE
from packager.image.dockerfile import render
from packager.image.export import Destination, load_into
from packager.image.layers import Entry, Layer
from packager.image.stack import MEMBER
from packager.image.stored_images import verify
from packager.manifest.manifest import Base, Manifest
from packager.progress import Progress

Builder = Literal["assemble", "docker"]
TEMPLATE_UNUSED_WARNING = (
    f"{TEMPLATE} is not used: the layers are assembled; --builder docker builds it"
)
OWN_TEMPLATE_WARNING = (
    f"{TEMPLATE} of the project replaces the default one. No longer guaranteed: equal bytes on "
    "every machine, and an image without leftovers of its RUN steps. The network stays off for RUN"
)


@dataclass(frozen=True)
class DockerImage(Image):
    """An image that Docker built from the files of ``layers``.

    ``config`` is the config of the assembled image.
    """

    id: str

    @property
    def digest(self) -> str:
        """The engine's image id; differs per build, because Docker's configs hold the date."""
        return self.id


def check_builder(builder: Builder, output: Destination, engine: Engine | None) -> None:
    """Raise ``PackageError`` if ``builder`` can't build into ``output`` with ``engine``."""
    if builder == "assemble":
        return
    if output.kind != "docker":
        raise UsageError(
            f"--builder docker: expected --output docker, got {output}",
            "leave out --output, or leave out --builder: assembled images go anywhere",
        )
    if engine is None:
        raise PackageError(
            "--builder docker: no Docker engine responds", "start Docker, or leave out --builder"
        )


def own_template(project: Path, builder: Builder, progress: Progress) -> str | None:
    """The project's own template if Docker builds and the project has one, else None.

    Warns if the template is used, and if it is not used because layers are assembled.

    Raises ``UsageError`` if it can't be rendered.
    """
    path = project / TEMPLATE
    if not path.is_file():
        return None
    if builder == "assemble":
        progress.warn(TEMPLATE_UNUSED_WARNING)
        return None
    refuse_leaving(path, project)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: expected UTF-8 text: {error}", "save it as UTF-8") from error
    render(None, {}, text)
    progress.warn(OWN_TEMPLATE_WARNING)
    return text


@dataclass(frozen=True)
class DockerBuild:
    """Builds images with an engine from the files of assembled images."""

    engine: Engine
    progress: Progress
    template: str | None = None
    """The project's own Dockerfile template; None: the default one."""
    fresh: bool = False
    """Ignore the engine's build cache."""

    def run(
        self, images: Sequence[Image], base: Base, check: Callable[[str], None]
    ) -> tuple[DockerImage, ...]:
        """Build ``images`` from their layers, and tag them after all have succeeded.

        Calls ``check`` with the id of the first image before it is tagged; ``check`` may raise.
        """
        name = self.engine.temporary("base")
        self.progress.step("sending the base to the engine")
        below = split(images[0].layers)[0]
        load_into(self.engine, base_image(name, images[0], below, base), self.progress)
        built: list[str] = []
        try:
            for id_ in self._built(images, base.model_copy(update={"reference": name})):
                built.append(id_)
            # If one image holds the data too, the first of the two builds is an intermediate step.
            finished = [
                DockerImage(
                    image.name, image.config, image.layers, id_, annotations=image.annotations
                )
                for image, id_ in zip(images, built[-len(images) :], strict=True)
            ]
            check(finished[0].id)
        except BaseException:
            _forget(self.engine, built)
            raise
        finally:
            self.engine.remove(name)
        for image in finished:
            keep_annotations(image)
            self.engine.tag(image.id, image.name)
        return tuple(finished)

    def _built(self, images: Sequence[Image], base: Base) -> Iterator[str]:
        """Yield image ids as they are built: the served image, then the replay image on top."""
        labels = _labels(images[0])
        # The package contains its Dockerfile, so the Dockerfile can't contain the package root,
        # nor labels outside of it.
        outside = {name: labels.pop(name) for name in labels.keys() - {*DOCKERFILE_LABELS}}
        self.progress.step("docker build: the image, without a network")
        apart = any(layer.name.startswith(MEMBER) for layer in images[0].layers)
        grpc = f"{GRPC_INSIDE}/tcp" in json.loads(images[0].config)["config"]["ExposedPorts"]
        text = render(base, labels, self.template, members=apart, grpc=grpc)
        first = self._build(text, split(images[0].layers)[1], outside)
        yield first
        _check_package(self.engine, first, outside[f"{LABEL}.root"])
        for image in images:
            top = split(image.layers)[2]
            if top or image is not images[0]:
                self.progress.step("docker build: the companion image")
                added_labels = _labels(image).items() - _labels(images[0]).items()
                yield self._build(on_top(first, top), top, dict(added_labels))

    def _build(self, text: str, layers: Sequence[Layer], labels: Mapping[str, str]) -> str:
        """The id of the image built from the Dockerfile ``text`` and the files of ``layers``."""
        files = context(text, layers)
        return self.engine.build(files, labels, self.progress.output, fresh=self.fresh)


def split(layers: Sequence[Layer]) -> tuple[list[Layer], list[Layer], list[Layer]]:
    """Layers of the base, those that our Dockerfile copies, and those of replay on top."""
    names = [layer.name for layer in layers]
    start, end = names.count("base"), names.index("package") + 1
    return list(layers[:start]), list(layers[start:end]), list(layers[end:])


def base_image(name: str, image: Image, layers: Sequence[Layer], base: Base) -> Image:
    """The locked base for FROM: its layers and variables, without any other setting."""
    system = json.loads(image.config)
    platform = f"{system['os']}/{system['architecture']}"
    return image_of(name, platform, {"Env": list(base.env)}, layers)


def on_top(parent: str, layers: Sequence[Layer]) -> str:
    """A Dockerfile that copies the folders of ``layers`` over the image ``parent``."""
    names = _merged(layers)
    folders = [
        folder.lstrip("/")
        for folder in COPIES_ON_TOP
        if any(name.startswith(f"{folder}/".lstrip("/")) for name in names)
    ]
    return "".join([f"FROM {parent}\n", *(f"COPY {name}/ /{name}/\n" for name in folders)])


def context(dockerfile: str, layers: Sequence[Layer]) -> Iterator[bytes]:
    """A build context in chunks: a tar of ``dockerfile`` and the file tree of ``layers``, sorted.

    Raises ``PackageError`` before the first chunk if a layer's bytes have changed.
    """
    verify(layers)
    members = _merged(layers)
    text = dockerfile.encode()
    header = Entry("Dockerfile", source=text).header()
    yield header.tobuf(tarfile.PAX_FORMAT) + text + bytes(-len(text) % tarfile.BLOCKSIZE)
    with ExitStack() as stack:
        files = {layer.path: stack.enter_context(layer.open()) for layer in layers}
        for name in sorted(members):
            path, info = members[name]
            yield info.tobuf(tarfile.PAX_FORMAT)
            yield from _content(files[path], info)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _content(file: IO[bytes], info: tarfile.TarInfo) -> Iterator[bytes]:
    """A member's bytes, padded to whole tar blocks."""
    file.seek(info.offset_data)
    remaining = info.size if info.isreg() else 0
    remaining += -remaining % tarfile.BLOCKSIZE
    while remaining:
        chunk = file.read(min(CHUNK, remaining))
        remaining -= len(chunk)
        yield chunk


def _merged(layers: Sequence[Layer]) -> dict[str, tuple[Path, tarfile.TarInfo]]:
    """Name → (tar, member) of the file tree of stacked ``layers``."""
    members: dict[str, tuple[Path, tarfile.TarInfo]] = {}
    for layer in layers:
        with layer.members() as infos:
            for info in infos:
                hidden = members.get(info.name)
                if hidden and hidden[1].isdir() and not info.isdir():
                    below = f"{info.name}/"
                    members = {n: m for n, m in members.items() if not n.startswith(below)}
                members[info.name] = (layer.path, info)
    return members


def _forget(engine: Engine, built: Sequence[str]) -> None:
    """Remove the untagged images of ``built``, topmost first; tagged ones are of earlier builds."""
    for image in reversed(built):
        if not (engine.describe(image) or {}).get("RepoTags"):
            engine.remove(image)


def _labels(image: Image) -> dict[str, str]:
    labels: dict[str, str] = json.loads(image.config)["config"]["Labels"]
    return labels


def _check_package(engine: Engine, image: str, root: str) -> None:
    """Raise ``PackageError`` if the image of a template does not hold the package's files."""
    with TemporaryDirectory() as folder:
        engine.read(image, "/package", Path(folder))
        manifest = Path(folder) / "package" / "manifest.json"
        if not manifest.is_file() or Manifest.load(manifest).root != root:
            raise PackageError(
                f"{TEMPLATE}: the image it builds does not hold the package at /package",
                "keep the line `COPY package/ /package/`, and those for /opt, /code and /models",
            )
