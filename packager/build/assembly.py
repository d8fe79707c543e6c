"""The layers of a package's image and of its companion, and the images they make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from packager.build.context import BuildContext
from packager.build.solution import members_data
from packager.image.config import LABEL, Image, assemble
from packager.image.file_list import entries_listing, keep_listing, layer_listing
from packager.image.layers import Layer, plain_layer, tree_entries
from packager.image.stack import LayerOptions, entries, make_stack, server_environment
from packager.image.stored_images import COMPANION
from packager.manifest.base import FileEntry
from packager.manifest.manifest import Lock, Manifest
from packager.progress import NullProgress
from packager.project.files import ProjectFiles


@dataclass(frozen=True)
class PackageLayers:
    """The layers of a package, bottom up, without that of ``/package``."""

    image: tuple[Layer, ...]
    """Above the base: environments, runtime, code, model."""
    companion: tuple[Layer, ...]
    """The layers for training and replay, and the data; empty for a model without data."""


def package_layers(context: BuildContext, model: Sequence[FileEntry]) -> dict[str, PackageLayers]:
    """By platform: the layers of the stack and those that depend on the training.

    ``model``: its files, which are the same on every platform.
    """
    layer = _model_layer(context, model)
    for one in context.stack.data:
        keep_listing(one, entries_listing(entries(context.files.data, "data"), {}))
    return {one.platform: _platform_layers(one, layer) for one in context.every}


def _model_layer(context: BuildContext, model: Sequence[FileEntry]) -> Layer:
    trained = context.folder / "out" / "model"
    files = (
        list(tree_entries(trained, "models"))
        if trained.is_dir()
        else entries(context.files.model, "models")
    )
    layer = plain_layer("model", context.folder / "model.tar", files)
    digests = {f"models/{entry.path}": entry.sha256 for entry in model}
    keep_listing(layer, entries_listing(files, digests))
    return layer


def _platform_layers(context: BuildContext, model_layer: Layer) -> PackageLayers:
    project, stack, folder = context.project, context.stack, context.folder
    base, lock = context.environment.base, context.environment.lock
    trees = bool(lock.wheels_of("trees"))
    image = (
        *stack.below[len(base.layers) if base else 0 :],
        *(stack.trees if trees else ()),
        server_environment(base, lock, fresh=context.fresh),
        model_layer,
    )
    if project.data is None:
        return PackageLayers(image, ())
    data = () if project.data.embed == "none" else (*stack.data, *members_data(project, folder))
    return PackageLayers(image, (*(() if trees else stack.trees), *stack.worker, *data))


def assemble_images(
    context: BuildContext, manifest: Manifest, labels: dict[str, str], layers: PackageLayers
) -> tuple[Image, ...]:
    """The image for the platform of ``context``, and a companion if it can't be replayed alone."""
    project, folder = context.project, context.folder
    base, platform = context.environment.locked_base, context.environment.platform
    bottom = context.environment.base.layers if context.environment.base else ()
    files = tree_entries(context.package, "package")
    package = plain_layer("package", folder / "package.tar", files)
    layer_listing(package, verified=True)
    name = f"{project.repository}:{manifest.tag}"
    named = {**labels, f"{LABEL}.root": manifest.root}
    main, grpc = [*bottom, *layers.image, package], manifest.serve.grpc
    if project.data is None:
        return (assemble(name, base, main, platform, named, grpc=grpc),)
    whole = [*main, *layers.companion]
    if project.data.embed == "image":
        return (assemble(name, base, whole, platform, named, grpc=grpc),)
    of_main = {**named, f"{LABEL}.companion-of": manifest.root}
    return (
        assemble(name, base, main, platform, named, grpc=grpc),
        assemble(name + COMPANION, base, whole, platform, of_main, grpc=grpc),
    )


def assemble_again(
    context: BuildContext,
    lock: Lock,
    manifest: Manifest,
    labels: dict[str, str],
    files: ProjectFiles,
    folder: Path,
) -> tuple[Image, ...]:
    """Assemble from copies in ``folder`` of the files and the training result, without cache.

    ``lock``: the whole one; that of ``context`` may lack the wheels that only trees need.
    """
    base, quiet = context.environment.base, NullProgress()
    stack = make_stack(base, lock, files, folder, quiet, LayerOptions(fresh=True))
    again = replace(
        context, files=files, stack=stack, folder=folder, progress=quiet, fresh=True, others=()
    )
    layers = package_layers(again, manifest.model)[again.platform]
    return assemble_images(again, manifest, labels, layers)
