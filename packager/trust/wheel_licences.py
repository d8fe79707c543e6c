"""The licences of the wheels in a package's image."""

from __future__ import annotations

from packager.errors import PackageError
from packager.image.reference import Reference
from packager.manifest.manifest import Wheel
from packager.trust.image_inventory import read_inventory
from packager.trust.licences import Licence, licences_of
from packager.trust.locked_distributions import assign_distributions


def wheel_licences(reference: Reference) -> list[tuple[Wheel, Licence]]:
    """Every wheel of the image that serves, in the order of the lock, with its licence.

    Raises ``PackageError`` if the wheels of the image are not those of its lock.
    """
    held, problems = readable_licences(reference)
    if problems:
        raise problems[0]
    return held


def readable_licences(
    reference: Reference,
) -> tuple[list[tuple[Wheel, Licence]], tuple[PackageError, ...]]:
    """The licences that the image states, and why those of other wheels can't be read."""
    image = reference.image()
    installed = read_inventory(image.layers).distributions
    layers = [layer.name for layer in image.layers]
    held = assign_distributions(installed, reference.lock(), layers, reference.name)
    return [(wheel, licences_of(one.metadata)) for wheel, one in held.wheels], held.problems
