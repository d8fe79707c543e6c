"""Verification of a package before anything of it runs or is unpickled."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from packager.digest import CHUNK
from packager.engine.engine import Engine
from packager.errors import PackageError
from packager.image.config import Image
from packager.image.layers import Layer
from packager.image.reference import Reference
from packager.model.integrity import IntegrityCheck
from packager.progress import Progress
from packager.run.check_package import checked
from packager.trust.facts import PackageFacts, facts_of
from packager.trust.keys import PublicKey
from packager.trust.policy import TrustPolicy, TrustRule, keys_of
from packager.trust.store import stored_bundles
from packager.trust.verify import Requirement, TrustReport, verify

SEE = "`package verify` prints every link; sign it with `package sign` if it is what you trust"


@dataclass(frozen=True)
class Demand:
    """What signatures are demanded of a package."""

    keys: Sequence[PublicKey]
    require: Sequence[Requirement] = ()
    signatures: Path | None = None
    """A file of bundles, beside those that are kept with the image."""


def examined_facts(reference: Reference, engine: Engine | None) -> PackageFacts:
    """Read and compare every layer of ``reference``; damaged layers are failed checks."""
    found, damaged = _as_found(reference)
    with checked(found, engine) as done:
        return facts_of(found, done.examined, (*damaged, *done.checks))


def verify_package(reference: Reference, engine: Engine | None, demand: Demand) -> TrustReport:
    """Verify ``reference`` by the keys of ``demand``; nothing of it runs."""
    bundles = stored_bundles(reference, demand.signatures)
    facts = examined_facts(reference, engine)
    return verify(facts, bundles, demand.keys, demand.require)


def trusted(
    reference: Reference, engine: Engine | None, key: Path | None, progress: Progress
) -> Reference:
    """``reference`` once ``key`` and this machine's policy have let it pass.

    In an engine the result names the image by its digest, so that its tag can't be moved before it
    runs. Raises ``PackageError`` with the first wrong link.
    """
    policy = TrustPolicy.from_environment()
    keys = None if key is None else [PublicKey.load(key)]
    if keys is None and policy.mode == "off":
        return reference
    rule = None if policy.mode == "off" else policy.rule_for(repository_of(reference))
    missing = policy.mode != "off" and rule is None
    facts = examined_facts(reference, engine) if keys or rule else None
    bundles = stored_bundles(reference, None)
    if keys and facts:
        progress.step("verifying the signatures")
        _refuse(verify(facts, bundles, keys))
    try:
        if missing:
            raise PackageError(
                f"{reference.name}: no rule of the policy is for {repository_of(reference)}",
                "add a [[rule]] with this repository to the policy, or run another package",
            )
        if rule and facts:
            _refuse(verified_by_rule(facts, bundles, rule))
    except PackageError as error:
        if policy.mode == "enforce":
            raise
        progress.warn(f"not trusted, but the policy only warns: {error.message}")
    if facts is None:
        return reference
    return replace(reference, pinned=(facts.binding.config_digest, facts.binding.companion))


def verified_by_rule(facts: PackageFacts, bundles: Sequence[bytes], rule: TrustRule) -> TrustReport:
    """The verification by a rule of a policy, with its limits of versions and roots."""
    report = verify(facts, bundles, keys_of(rule), rule.require)
    return report.model_copy(update={"links": (*report.links, *rule.links(facts))})


def repository_of(reference: Reference) -> str:
    """The repository that a rule is chosen by.

    In a folder or archive the name of the package, which the root covers: its tag there is a note
    that anybody can change.
    """
    if reference.engine is None:
        return reference.manifest.name
    return reference.name.rpartition(":")[0] or reference.name


def _refuse(report: TrustReport) -> None:
    wrong = report.first_wrong
    if wrong is not None:
        raise PackageError(f"{report.reference}: not verified: {wrong.name}: {wrong.detail}", SEE)


def _as_found(reference: Reference) -> tuple[Reference, list[IntegrityCheck]]:
    """``reference`` with layers as they are, and a failed check for each that is not its config's.

    So the examination can say which file differs, instead of which layer alone. The images are
    read once, because an engine has to write each of them out.
    """
    images: dict[bool, Image] = {}
    damaged: dict[str, IntegrityCheck] = {}
    for companion in (False, True) if reference.has_companion else (False,):
        image = reference.stored_image(companion=companion)
        layers = []
        for layer in image.layers:
            actual = _digest(layer)
            if actual != layer.diff_id:
                name = f"layer {layer.name}"
                damaged[layer.diff_id] = IntegrityCheck(
                    name=name, expected=layer.diff_id, actual=actual, ok=False
                )
            layers.append(replace(layer, diff_id=actual))
        images[companion] = replace(image, layers=tuple(layers))
    return replace(reference, _image=images.__getitem__), list(damaged.values())


def _digest(layer: Layer) -> str:
    digest = hashlib.sha256()
    with layer.open() as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return f"sha256:{digest.hexdigest()}"
