"""Commands of signatures: ``key``, ``sign``, ``verify``."""

from __future__ import annotations

import getpass
import json
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from packager.cache import check_writable
from packager.cli.app import TRUST, AsJson, Ref, app
from packager.cli.console import ConsoleProgress, print_result
from packager.errors import UsageError

if TYPE_CHECKING:
    from packager.engine.engine import Engine
    from packager.image.reference import Reference
    from packager.trust.facts import PackageFacts
    from packager.trust.keys import PrivateKey
    from packager.trust.verify import Requirement, TrustReport

MARKS = {"ok": "ok", "failed": "FAILED", "warned": "warned", "absent": "-"}


@app.command("key", rich_help_panel=TRUST)
def make_key(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The new private key.")],
    as_json: AsJson = False,
) -> None:
    """Make a key that signs packages, and its public half.

    FILE signs, FILE.pub is for those who verify. The password is asked for, or
    MODEL_PACKAGER_KEY_PASSWORD has it; if it is empty, FILE is not encrypted.
    """
    from packager.trust.keys import create_key

    check_writable(file.absolute().parent)
    public = create_key(file, key_password(f"password of {file} (empty for none): ", twice=True))
    result = {"private_key": str(file), "public_key": f"{file}.pub", "key_id": public.key_id}
    shown = f"{file}.pub, key {public.key_id[:16]}; keep {file} secret, and a copy of it safe"
    print_result(json.dumps(result) if as_json else shown)


@app.command("sign", rich_help_panel=TRUST)
def sign_reference(
    reference: Ref,
    key: Annotated[Path, typer.Option(help="The private key.")],
    evidence: Annotated[
        list[Path] | None,
        typer.Option(help="A report of `replay` or `test` of this package; repeatable."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="Also write the signatures to this .sigstore.jsonl file.")
    ] = None,
    platform: Annotated[
        str | None,
        typer.Option(help="Which image of a package for several platforms. Default: every one."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Sign a package and what it was measured by.

    Its files, its image, its provenance, the check of its data, and evidence. The signatures are
    kept beside the image in an OCI folder or registry, else in the cache; they are never in the
    image. They take the place of earlier ones by the same key, except in a registry.
    """
    from packager.engine.engine import Engine
    from packager.trust.keys import PrivateKey
    from packager.trust.store import keep_bundles, keep_index_bundles, write_lines

    if output is not None:
        check_writable(output.absolute().parent)
    signer = PrivateKey.load(key, lambda: key_password(f"password of {key}: "))
    engine = Engine.connect()
    with ExitStack() as stack:
        every = opened_platforms(reference, engine, platform, stack)
        # A report is evidence for one image: the one asked for, or that of this machine.
        signed = [
            (one, *_bundles(one, engine, signer, evidence or () if one is every[0] else ()))
            for one in every
        ]
        # Nothing is kept before every image is signed.
        places = [keep_bundles(one, bundles, signer) for one, _, bundles in signed]
        of_index = _index_bundles([facts for _, facts, _ in signed], signer)
        if of_index:
            keep_index_bundles(every[0], of_index, signer)
    where = ", ".join(dict.fromkeys(places))
    every_bundle = [*(bundle for _, _, bundles in signed for bundle in bundles), *of_index]
    if output is not None:
        write_lines(output, every_bundle)
        where += f", and {output}"
    images = [
        {
            "platform": facts.binding.platform,
            "manifest_digest": facts.manifest_digest,
            "config_digest": facts.binding.config_digest,
        }
        for _, facts, _ in signed
    ]
    result = {
        "key_id": signer.public.key_id,
        "statements": len(every_bundle),
        "root": signed[0][1].binding.root,
        "images": images,
    }
    named = (
        f" of {', '.join(str(image['platform']) for image in images)}" if len(images) > 1 else ""
    )
    shown = f"{len(every_bundle)} statements{named} signed by key {signer.public.key_id[:16]}"
    print_result(json.dumps(result) if as_json else f"{shown}, kept in {where}")


def opened_platforms(
    reference: str, engine: Engine | None, platform: str | None, stack: ExitStack
) -> list[Reference]:
    """The image for ``platform``; without one, this machine's, then those for other platforms."""
    from packager.image.reference import open_reference
    from packager.image.stored_images import held_platforms
    from packager.trust.facts import index_of

    first = stack.enter_context(open_reference(reference, engine, platform))
    if platform is not None:
        return [first]
    index = index_of(first)
    several = sorted({*held_platforms(reference), *(index.images if index else ())})
    # By the digest that the name led to when it was resolved: the tag may be moved meanwhile.
    location = first.source.rpartition("@")[0]
    name = f"registry:{location}@{index.descriptor.digest}" if first.source and index else reference
    others = [one for one in several if one != first.platform]
    return [first, *(stack.enter_context(open_reference(name, engine, other)) for other in others)]


def _index_bundles(facts: Sequence[PackageFacts], signer: PrivateKey) -> list[bytes]:
    """The statements about the index of all platforms; none if not every image was signed."""
    from packager.trust.index_link import sign_index

    index = facts[0].index
    images = {one.binding.platform: one.manifest_digest for one in facts}
    if index is None or images != dict(index.images):
        return []
    return sign_index(facts[0].manifest, index.descriptor, index.images, signer)


def _bundles(
    package: Reference, engine: Engine | None, signer: PrivateKey, evidence: Sequence[Path]
) -> tuple[PackageFacts, list[bytes]]:
    """The signed content and statements of one image."""
    from packager.run.evidence import read_evidence
    from packager.run.signing import facts_to_sign
    from packager.trust.sign import sign_package

    results = read_evidence(evidence, package.manifest)
    facts = facts_to_sign(package, engine)
    return facts, sign_package(facts, signer, results)


@app.command("verify", rich_help_panel=TRUST)
def verify_reference(
    reference: Ref,
    key: Annotated[list[Path], typer.Option(help="A public key that you trust; repeatable.")],
    require: Annotated[
        str,
        typer.Option(
            help="Statements that must be signed: model, provenance, sbom, replay, data-check, "
            "test, index; separated by commas."
        ),
    ] = "",
    signatures: Annotated[
        Path | None, typer.Option(help="A .sigstore.jsonl file with more signatures.")
    ] = None,
    platform: Annotated[
        str | None,
        typer.Option(help="Which image of a package for several platforms. Default: every one."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Verify who signed a package, and every byte of it.

    Prints each link of the chain. Exit 1 if one fails; the error names the first. Nothing of the
    package runs.
    """
    from packager.engine.engine import Engine
    from packager.trust.keys import PublicKey
    from packager.trust.whole_image import verify_package

    keys = [PublicKey.load(one) for one in key]
    required = _requirements(require)
    with ExitStack() as stack:
        every = opened_platforms(reference, Engine.connect(), platform, stack)
        reports = [(one.platform, verify_package(one, keys, required, signatures)) for one in every]
    print_result(_as_json(reports) if as_json else _as_text(reports))
    if any(report.first_wrong for _, report in reports):
        raise typer.Exit(1)


def _requirements(text: str) -> list[Requirement]:
    from typing import get_args

    from packager.trust.verify import Requirement

    known: tuple[Requirement, ...] = get_args(Requirement)
    requirements = [part.strip() for part in text.split(",") if part.strip()]
    for name in requirements:
        if name not in known:
            raise UsageError(
                f"--require: expected some of {', '.join(known)}, got {name!r}",
                "like --require provenance,replay",
            )
    return [one for one in known if one in requirements]


def _as_json(reports: Sequence[tuple[str, TrustReport]]) -> str:
    """The report of one image; of several platforms, the first one's, and each in ``images``."""
    links = [
        {**report.model_dump(mode="json"), "platform": platform, "verified": report.verified}
        for platform, report in reports
    ]
    if len(links) == 1:
        return json.dumps(links[0])
    verified = all(report.verified for _, report in reports)
    return json.dumps({**links[0], "platform": None, "verified": verified, "images": links})


def _as_text(reports: Sequence[tuple[str, TrustReport]]) -> str:
    lines = []
    for platform, report in reports:
        width = max(len(link.name) for link in report.links)
        lines += [
            f"{MARKS[link.status]:<6}  {link.name:<{width}}  {link.detail}" for link in report.links
        ]
        wrong = report.first_wrong
        verdict = "verified" if wrong is None else f"not verified: {wrong.name}: {wrong.detail}"
        named = f" for {platform}" if len(reports) > 1 else ""
        lines.append(f"{report.reference}{named}: {verdict}")
    return "\n".join(lines)


def key_password(prompt: str, *, twice: bool = False) -> bytes:
    """The password of a key: from the environment, else asked for on the terminal."""
    from packager.trust.keys import PASSWORD_VARIABLE

    environment_value = os.environ.get(PASSWORD_VARIABLE)
    if environment_value is not None:
        return environment_value.encode()
    if not sys.stdin.isatty():
        raise UsageError(
            "the key's password: expected a terminal to ask on, got none",
            f"set {PASSWORD_VARIABLE}; to an empty text for none",
        )
    password = getpass.getpass(prompt, stream=sys.stderr)
    if twice and getpass.getpass("again: ", stream=sys.stderr) != password:
        raise UsageError("the two passwords differ", "run the command again")
    if twice and not password:
        ConsoleProgress().warn("the key is not encrypted: everybody who reads its file can sign")
    return password.encode()
