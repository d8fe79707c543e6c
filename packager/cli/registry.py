"""Commands that exchange packages with a container registry: ``push``, ``pull``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from packager.cli.app import SHARE, AsJson, Ref, app
from packager.cli.console import ConsoleProgress, print_result
from packager.errors import PackageError, UsageError

if TYPE_CHECKING:
    from packager.image.reference import Reference
    from packager.registry.reference import RegistryReference


@app.command(rich_help_panel=SHARE)
def push(
    reference: Ref,
    target: Annotated[
        str,
        typer.Argument(
            metavar="HOST/NAME[:TAG]",
            help="Where to; without a tag, the package's own: its version and root.",
        ),
    ],
    companion: Annotated[
        bool,
        typer.Option(
            "--companion",
            help="Push the companion, which has the training data, to HOST/NAME-replay too.",
        ),
    ] = False,
    compress: Annotated[
        Literal["none", "gzip"],
        typer.Option(help="How layers are stored; gzip is for slow lines."),
    ] = "none",
    as_json: AsJson = False,
) -> None:
    """Push a package to a registry, and print its digest.

    Logins and certificates are those of Docker and Podman. The tag is set last; a push that was
    interrupted goes on where it ended.
    """
    from packager.engine.engine import Engine
    from packager.image.reference import open_reference
    from packager.image.stored_images import held_platforms
    from packager.registry.reference import RegistryReference

    place = RegistryReference.parse(target)
    if place.digest is not None:
        raise UsageError(
            f"{target}: expected a name with or without a tag, got a digest",
            "the digest follows from the package: leave it out",
        )
    with ExitStack() as stack:
        engine = Engine.connect()
        found = stack.enter_context(open_reference(reference, engine))
        every = {found.platform: found}
        for platform in held_platforms(reference):
            if platform != found.platform:
                other = stack.enter_context(open_reference(reference, engine, platform))
                every[platform] = other
        place = place.at(place.tag or found.manifest.tag)
        if companion and not found.has_companion:
            raise PackageError(f"{reference}: has no companion to push", "leave --companion out")
        told = _push(dict(sorted(every.items())), place, compress, companion=companion)
    if as_json:
        print_result(json.dumps(told))
    else:
        print_result("\n".join([told["reference"], *([told["companion"]] if companion else [])]))


def _push(
    every: Mapping[str, Reference],
    place: RegistryReference,
    compress: Literal["none", "gzip"],
    *,
    companion: bool,
) -> dict[str, Any]:
    """Push the image, and its companion if wanted; returns what is printed with ``--json``.

    Of several platforms (``every``) an index of their images is pushed.
    """
    from packager.cache import temporary_directory
    from packager.image.incoming import companion_of
    from packager.image.outgoing import outgoing_image
    from packager.registry.push import push as push_image
    from packager.registry.push import push_index
    from packager.registry.repository import open_repository

    progress = ConsoleProgress()
    told: dict[str, Any] = {"reference": "", "tag": str(place), "companion": None}
    told |= {"sent": 0, "mounted": 0, "held": 0}
    # The image comes first, so that the companion's layers are mounted from it.
    for is_companion in (False, True)[: 1 + companion]:
        target = companion_of(place) if is_companion else place
        progress.step(f"push {target}")
        if compress == "gzip":
            progress.step("compressing layers that were not compressed before")
        with temporary_directory() as work:
            images = {
                platform: outgoing_image(found.image(companion=is_companion), compress, work)
                for platform, found in every.items()
            }
            repository = open_repository(target, write=True)
            if len(images) > 1:
                result = push_index(repository, images, target.tag, progress)
            else:
                (image,) = images.values()
                result = push_image(repository, image, target.tag, progress)
        told["companion" if is_companion else "reference"] = str(
            target.at(result.descriptor.digest)
        )
        for how, size in result.transferred.items():
            told[how] += size
    return told


@app.command(rich_help_panel=SHARE)
def pull(
    source: Annotated[
        str,
        typer.Argument(metavar="HOST/NAME:TAG|@DIGEST", help="A package in a registry."),
    ],
    output: Annotated[str, typer.Option(help="oci:DIR, the folder to write.")],
    companion: Annotated[
        bool, typer.Option("--companion", help="Pull its companion from HOST/NAME-replay too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Pull a package from a registry into an OCI folder.

    Every byte is verified by its digest. An interrupted pull goes on where it ended.
    """
    from packager.image.export import Destination
    from packager.image.incoming import incoming_images
    from packager.registry.pull import pull as pull_images
    from packager.registry.reference import RegistryReference

    destination = Destination.parse(output)
    if destination.kind != "oci" or destination.path is None:
        raise UsageError(f"--output: expected oci:DIR, got {output!r}", "name an OCI folder")
    destination.check()
    place = RegistryReference.parse(source)
    progress = ConsoleProgress()
    progress.step(f"pull {place}")
    images = incoming_images(place, companion=companion)
    size = pull_images(images, destination.path, progress)
    found = str(place.at(images[0].manifest.descriptor.digest))
    if as_json:
        told = {"reference": found, "output": str(Path(destination.path)), "bytes": size}
        print_result(json.dumps(told))
    else:
        print_result(f"{found}\n{destination}")
