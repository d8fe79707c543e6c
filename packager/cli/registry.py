"""Commands that exchange packages with a container registry: ``push``, ``pull``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from packager.cli.app import SHARE, AsJson, Ref, app
from packager.cli.console import ConsoleProgress, print_result
from packager.errors import PackageError, UsageError

if TYPE_CHECKING:
    from packager.engine.engine import Engine
    from packager.image.reference import Reference
    from packager.image.registry_export import Beside, IndexBeside
    from packager.registry.reference import RegistryReference
    from packager.trust.keys import PrivateKey


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
    key: Annotated[
        Path | None, typer.Option(help="Private key: sign the image as it is pushed.")
    ] = None,
    evidence: Annotated[
        list[Path] | None,
        typer.Option(
            help="With --key, a report of `replay` or `test` of this package; repeatable."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Push a package to a registry, and print its digest.

    Logins and certificates are those of Docker and Podman. Signatures that are kept with the
    package go with it. The tag is set last; a push that was interrupted goes on where it ended.
    """
    from packager.cli.trust import opened_platforms
    from packager.engine.engine import Engine
    from packager.registry.reference import RegistryReference

    registry_reference = RegistryReference.parse(target)
    if registry_reference.digest is not None:
        raise UsageError(
            f"{target}: expected a name with or without a tag, got a digest",
            "the digest follows from the package: leave it out",
        )
    if evidence and key is None:
        raise UsageError("--evidence: expected --key with it", "name the private key that signs it")
    with ExitStack() as stack:
        engine = Engine.connect()
        opened = opened_platforms(reference, engine, None, stack)
        first, every = opened[0], {one.platform: one for one in opened}
        signer = None if key is None else _signer(key)
        registry_reference = registry_reference.at(registry_reference.tag or first.manifest.tag)
        if companion and not first.has_companion:
            raise PackageError(f"{reference}: has no companion to push", "leave --companion out")
        stored = {} if key else _stored_signatures(every)
        # As with `package sign`, a report is evidence for the image of this machine's platform.
        beside = {
            name: _signatures(
                one, engine, signer, evidence or () if one is first else (), stored.get(name, ())
            )
            for name, one in sorted(every.items())
        }
        of_index = _index_signatures(first, signer, stored)
        pushed_to = _push(
            every, registry_reference, compress, beside, of_index, companion=companion
        )
    if as_json:
        print_result(json.dumps(pushed_to))
    else:
        print_result(
            "\n".join([pushed_to["reference"], *([pushed_to["companion"]] if companion else [])])
        )


def _stored_signatures(every: Mapping[str, Reference]) -> dict[str, list[bytes]]:
    """Platform → signatures that are kept with its image; warns if only some have any."""
    from packager.trust.store import stored_bundles

    warn = ConsoleProgress().warn
    stored = {name: stored_bundles(one, None, warn) for name, one in sorted(every.items())}
    bare = [name for name, bundles in stored.items() if not bundles]
    if bare and len(bare) < len(stored):
        warn(
            f"the images for {', '.join(bare)} have no signatures, those for other platforms have: "
            "sign the package again with `package sign`, or push it with --key"
        )
    return stored


def _signatures(
    package: Reference,
    engine: Engine | None,
    signer: PrivateKey | None,
    evidence: Sequence[Path],
    stored: Sequence[bytes],
) -> Beside:
    """The attachments: statements signed by ``signer``; without one, ``stored``."""
    from packager.run.evidence import read_evidence
    from packager.run.signing import facts_to_sign
    from packager.trust.registry_store import already_signed, signed_by

    if signer is None:
        return already_signed(stored, ConsoleProgress().warn)
    results = read_evidence(evidence, package.manifest)
    return signed_by(signer, facts_to_sign(package, engine), results)


def _signer(key: Path) -> PrivateKey:
    from packager.cli.trust import key_password
    from packager.trust.keys import PrivateKey

    return PrivateKey.load(key, lambda: key_password(f"password of {key}: "))


def _index_signatures(
    package: Reference, signer: PrivateKey | None, stored: Mapping[str, Sequence[bytes]]
) -> IndexBeside:
    """As ``_signatures``, of the index of several platforms."""
    from packager.trust.registry_store import index_already_signed, index_signed_by

    if signer is not None:
        return index_signed_by(signer, package.manifest)
    return index_already_signed(
        list(dict.fromkeys(one for some in stored.values() for one in some))
    )


def _push(
    every: Mapping[str, Reference],
    reference: RegistryReference,
    compress: Literal["none", "gzip"],
    beside: Mapping[str, Beside],
    beside_index: IndexBeside,
    *,
    companion: bool,
) -> dict[str, Any]:
    """Push the image, and its companion if wanted; returns what is printed with ``--json``.

    Of several platforms (``every``) an index of their images is pushed.
    """
    from packager.image.registry_export import push_images, push_platforms

    kinds, progress = (False, True)[: 1 + companion], ConsoleProgress()
    if any(one.lock().base == "none" for one in every.values()):
        progress.warn(
            "the package has no base (base: none), so no engine or cluster can run what is pushed; "
            "build it with --base"
        )
    images = {name: [every[name].image(companion=kind) for kind in kinds] for name in beside}
    if len(images) > 1:
        results = push_platforms(images, reference, compress, progress, beside, beside_index)
    else:
        ((name, some),) = images.items()
        results = push_images(some, reference, compress, progress, beside[name])
    pushed: dict[str, Any] = {"reference": "", "tag": str(reference), "companion": None}
    pushed |= {"sent": 0, "mounted": 0, "held": 0}
    for called, (digest, result) in zip(("reference", "companion"), results, strict=False):
        pushed[called] = str(digest)
        for how, size in result.transferred.items():
            pushed[how] += size
    return pushed


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

    Every byte is verified by its digest; its signatures come with it, for `package verify`. An
    interrupted pull goes on where it ended.
    """
    from packager.image.export import Destination
    from packager.image.incoming import incoming_images
    from packager.image.reference import open_reference
    from packager.registry.pull import pull as pull_images
    from packager.registry.reference import RegistryReference
    from packager.trust.registry_store import registry_bundles
    from packager.trust.store import attach_to_folder

    destination = Destination.parse(output)
    if destination.kind != "oci" or destination.path is None:
        raise UsageError(f"--output: expected oci:DIR, got {output!r}", "name an OCI folder")
    destination.check()
    reference = RegistryReference.parse(source)
    progress = ConsoleProgress()
    progress.step(f"pull {reference}")
    images = incoming_images(reference, companion=companion)
    pinned = str(reference.at(images[0].manifest.descriptor.digest))
    bundles = registry_bundles(pinned, progress.warn)
    size = pull_images(images, destination.path, progress)
    if bundles:
        with open_reference(str(destination.path), None) as pulled:
            attach_to_folder(destination.path, pulled.stored_digest or "", bundles, "")
    if as_json:
        result = {"reference": pinned, "output": str(Path(destination.path)), "bytes": size}
        print_result(json.dumps(result))
    else:
        print_result(f"{pinned}\n{destination}")
