"""Open a package to run it: only if its image is what its manifest records, and was signed.

Signatures are demanded by a key of the command, and by the policy of this machine.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from packager.engine.engine import Engine
from packager.environment.platform import default_platform
from packager.errors import PackageError
from packager.image.engine_companion import is_companion
from packager.image.file_list import FileList, Listing, known_listing, layer_listing
from packager.image.reference import Reference, open_reference, top_of_image
from packager.model.integrity import IntegrityCheck
from packager.progress import Progress
from packager.trust.facts import read_facts, stated_facts, wrong_checks
from packager.trust.file_summary import keep_summary, known_summary
from packager.trust.image_check import document_checks, image_checks, tree_checks
from packager.trust.keys import PublicKey
from packager.trust.policy import TrustPolicy, TrustRule, keys_of
from packager.trust.settings import base_check
from packager.trust.store import stored_bundles
from packager.trust.verify import TrustReport, verify

MAX_SHOWN = 3
COMPANION_ALONE = (
    "this is a companion without its image, whose signatures are of both: load or copy the image "
    "too, and name the image"
)
SEE = "`package verify` prints every link; sign it with `package sign` if it is what you trust"


@contextmanager
def open_verified(
    text: str,
    engine: Engine | None,
    progress: Progress,
    key: PublicKey | None = None,
    *,
    companion: bool = False,
) -> Iterator[Reference]:
    """As ``open_reference``; raises ``PackageError`` as ``trusted``."""
    with open_reference(text, engine) as package:
        check_platform(package, engine)
        yield trusted(package, key, progress, companion=companion)


def trusted(
    reference: Reference, key: PublicKey | None, progress: Progress, *, companion: bool = False
) -> Reference:
    """``reference``, to be run; raises ``PackageError`` as ``signed`` and ``check_before_running``.

    ``companion``: the companion will run, or its data be read.
    """
    verified = signed(reference, key, progress)
    check_before_running(verified, companion=companion)
    return verified


def signed(reference: Reference, key: PublicKey | None, progress: Progress) -> Reference:
    """``reference``, once ``key`` and the policy of this machine have let its root pass.

    No layer is read: what they contain is compared with the root by others. An engine runs the
    result by its digest, so that its tag can't be moved meanwhile. Raises ``PackageError`` with the
    first link that is wrong.
    """
    policy = TrustPolicy.from_environment()
    if key is None and policy.mode == "off":
        return reference
    bundles = stored_bundles(reference, None, progress.warn)
    if key is not None:
        progress.step(f"verifying the signatures by key {key.key_id[:16]}")
        _refuse(reference, _by_keys(reference, bundles, [key]))
    if policy.mode != "off":
        try:
            _by_policy(reference, bundles, policy)
        except PackageError as error:
            if policy.mode == "enforce":
                raise
            progress.warn(f"not trusted, but the policy only warns: {error.message}")
    return replace(reference, pinned=True)


def repository_of(reference: Reference) -> str:
    """The repository that a rule of a policy is chosen by: of what was named on this machine.

    In an engine or a registry the one that was named, without tag and digest. Of a folder or
    archive its absolute path: whoever makes one chooses every name in it, the package's own too.
    A ``..`` leads out of what a link before it leads to, so such a path is followed.
    """
    if reference.source:
        return reference.source.partition("@")[0]
    location = reference.folder or reference.archive
    if location is not None:
        return os.path.realpath(location) if ".." in location.parts else os.path.abspath(location)
    name = reference.name.partition("@")[0]
    repository, _, tag = name.rpartition(":")
    return name if not repository or "/" in tag else repository  # HOST:PORT/NAME has no tag


def _by_policy(reference: Reference, bundles: Sequence[bytes], policy: TrustPolicy) -> None:
    """Raise ``PackageError`` unless a rule of ``policy`` lets ``reference`` pass."""
    repository = repository_of(reference)
    rule = policy.rule_for(repository)
    if rule is None:
        raise PackageError(
            f"{reference.name}: no rule of the policy is for {repository}",
            "add a [[rule]] with this repository to the policy, or run another package",
        )
    _refuse(reference, _by_keys(reference, bundles, keys_of(rule), rule))


def _by_keys(
    reference: Reference,
    bundles: Sequence[bytes],
    keys: Sequence[PublicKey],
    rule: TrustRule | None = None,
) -> TrustReport:
    facts = stated_facts(reference)
    require = () if rule is None else rule.require
    report = verify(facts, bundles, keys, require)
    if not report.verified and reference.engine is not None:
        # Some engines name an image by another digest than its config's.
        facts = read_facts(reference)
        report = verify(facts, bundles, keys, require)
    rule_links = () if rule is None else rule.links(facts)
    return report.model_copy(update={"links": (*report.links, *rule_links)})


def _refuse(reference: Reference, report: TrustReport) -> None:
    wrong = report.first_wrong
    if wrong is not None:
        hint = COMPANION_ALONE if is_companion(reference.config) else SEE
        raise PackageError(f"{report.reference}: not verified: {wrong.name}: {wrong.detail}", hint)


def check_platform(reference: Reference, engine: Engine | None) -> None:
    """Raise ``PackageError`` if the image is for another platform than the machine that runs it."""
    here = engine.platform if engine else default_platform()
    if reference.platform != here and reference.platform in reference.manifest.platforms:
        raise PackageError(
            f"{reference.name}: expected an image for {here}, which runs here, got one for "
            f"{reference.platform}",
            f"run it on a machine of {reference.platform}, or build the package for both with "
            f"--platform {here},{reference.platform}; `package inspect` and `diff` read it here",
        )


def check_before_running(reference: Reference, *, companion: bool = False) -> None:
    """Raise ``PackageError`` unless the package's files and settings are those of its manifest.

    ``companion``: the companion is compared as well. A layer is read once on this machine; then
    its digest is enough.
    """
    wrong = wrong_checks(run_checks(reference, companion=companion))
    if not wrong:
        return
    shown = "; ".join(
        f"{check.name}: expected {check.expected}, got {check.actual}"
        for check in wrong[:MAX_SHOWN]
    )
    raise PackageError(
        f"{reference.name}: was changed after it was built: {shown}",
        f"`package inspect {reference.name} --check` lists all differences; build or copy it again",
    )


def run_checks(reference: Reference, *, companion: bool = False) -> list[IntegrityCheck]:
    """Compare layers and settings of a package with its manifest; nothing of it runs."""
    placed = _package_layers(reference, companion=companion)
    known = None if placed is None else known_summary(placed.image, placed.above)
    if known is not None and known.is_of(reference.manifest, reference.platform):
        return _settings_checks(reference, companion=companion)
    return compared(reference, companion=companion)[0]


def compared(reference: Reference, *, companion: bool) -> tuple[list[IntegrityCheck], FileList]:
    """As ``run_checks`` by the lists of files alone, and these files."""
    checks = _settings_checks(reference, companion=companion)
    placed = _package_layers(reference, companion=companion)
    platform = reference.manifest.platforms.get(reference.platform)
    if platform is None or placed is None:
        return checks, FileList({}, {})
    image, more = _listings(reference, placed.base, companion=False), []
    if companion and reference.has_companion:
        more = _listings(reference, placed.base, companion=True)[len(image) :]
    top = len(placed.image)
    file_list = FileList.of(image[:top], [*image[top:], *more])
    keep_summary(placed.image, placed.above, file_list)
    checks += tree_checks(file_list, platform, reference.file_list)
    checks += document_checks(file_list, reference.manifest, reference.platform)
    return checks, file_list


@dataclass(frozen=True)
class _PackageLayers:
    """The layers of a package above its base: diff_ids, bottom up."""

    base: int
    """Number of layers of the base."""
    image: list[str]
    above: list[str]
    """The layers of a companion, or of the one image if it contains the data."""


def _package_layers(reference: Reference, *, companion: bool) -> _PackageLayers | None:
    """The layers of the package; None if its manifest describes no such platform."""
    if reference.platform not in reference.manifest.platforms:
        return None
    lock = reference.lock()
    count = 0 if lock.base == "none" else len(lock.base.diff_ids)
    image = [diff_id for _, diff_id, _ in reference.layers()]
    whole = image
    if companion and reference.has_companion:
        whole = [*image, *(one for _, one, _ in reference.layers(companion=True)[len(image) :])]
    top = top_of_image(reference)
    return _PackageLayers(count, image[count:top], whole[top:])


def _settings_checks(reference: Reference, *, companion: bool) -> list[IntegrityCheck]:
    """Compare the base, the settings, and the layers below those of a companion."""
    manifest = reference.manifest
    diff_ids = [diff_id for _, diff_id, _ in reference.layers()]
    checks = [base_check(diff_ids, reference.lock()), *image_checks(reference.config, manifest)]
    if companion and reference.has_companion and reference.platform in manifest.platforms:
        whole = reference.layers(companion=True)
        checks.append(_on_top(diff_ids, [diff_id for _, diff_id, _ in whole]))
    return checks


def _on_top(image: list[str], companion: list[str]) -> IntegrityCheck:
    """Check that a companion has the layers of its image, and more on top of them."""
    below = companion[: len(image)]
    return IntegrityCheck(
        name="companion: the layers of its image",
        expected=" ".join(image),
        actual=" ".join(below),
        ok=below == image,
    )


def _listings(reference: Reference, count: int, *, companion: bool) -> list[Listing]:
    """The lists of the layers above the ``count`` layers of the base."""
    above = reference.layers(companion=companion)[count:]
    known = [known_listing(diff_id) for _, diff_id, _ in above]
    if all(listing is not None for listing in known):
        return [listing for listing in known if listing is not None]
    image = reference.image(companion=companion, base=False)  # compares the bytes with the digests
    return [layer_listing(layer, verified=True) for layer in image.layers[count:]]
