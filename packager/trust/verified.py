"""Open a package to run it: only if its image is what its manifest records."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from packager.engine.engine import Engine
from packager.environment.platform import default_platform
from packager.errors import PackageError
from packager.image.file_list import FileList, Listing, known_listing, layer_listing
from packager.image.reference import Reference, open_reference, top_of_image
from packager.model.integrity import IntegrityCheck
from packager.trust.image_check import image_checks, tree_checks
from packager.trust.settings import base_check

MAX_SHOWN = 3


@contextmanager
def open_verified(
    text: str, engine: Engine | None, *, companion: bool = False
) -> Iterator[Reference]:
    """As ``open_reference``; raises ``PackageError`` as ``check_before_running``."""
    with open_reference(text, engine) as found:
        check_platform(found, engine)
        check_before_running(found, companion=companion)
        yield found


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
    wrong = [check for check in run_checks(reference, companion=companion) if not check.ok]
    if not wrong:
        return
    shown = "; ".join(
        f"{check.name}: expected {check.expected}, got {check.actual}"
        for check in _most_exact(wrong)[:MAX_SHOWN]
    )
    raise PackageError(
        f"{reference.name}: was changed after it was built: {shown}",
        f"`package inspect {reference.name} --check` lists all differences; build or copy it again",
    )


def run_checks(reference: Reference, *, companion: bool = False) -> list[IntegrityCheck]:
    """Compare layers and settings of a package with its manifest; nothing of it runs."""
    manifest, lock = reference.manifest, reference.lock()
    diff_ids = [diff_id for _, diff_id, _ in reference.layers()]
    checks = [base_check(diff_ids, lock), *image_checks(reference.config, manifest)]
    platform = manifest.platforms.get(reference.platform)
    if platform is None:
        return checks
    count = 0 if lock.base == "none" else len(lock.base.diff_ids)
    top = top_of_image(reference) - count
    image, more = _listings(reference, count, companion=False), []
    if companion and reference.has_companion:
        whole = reference.layers(companion=True)
        checks.append(_on_top(diff_ids, [diff_id for _, diff_id, _ in whole]))
        more = _listings(reference, count, companion=True)[len(image) :]
    found = FileList.of(image[:top], [*image[top:], *more])
    return [*checks, *tree_checks(found, platform, reference.file_list())]


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
    image = reference.image(companion=companion)  # compares the bytes with the digests
    return [layer_listing(layer, verified=True) for layer in image.layers[count:]]


def _most_exact(wrong: list[IntegrityCheck]) -> list[IntegrityCheck]:
    """The checks that name a file, if there are any: those of folders only say that one differs."""
    named = [check for check in wrong if "file /" in check.name or not check.name.startswith("/")]
    return named or wrong
