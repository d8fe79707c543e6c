"""The licences of the wheels in a package's image."""

from __future__ import annotations

from packager.image.reference import Reference
from packager.manifest.manifest import Wheel
from packager.trust.image_inventory import read_inventory
from packager.trust.licences import Licence, licences_of
from packager.trust.locked_distributions import locked_distributions


def wheel_licences(reference: Reference) -> list[tuple[Wheel, Licence]]:
    """Every wheel of the image that serves, in the order of the lock, with its licence."""
    image = reference.image()
    found = read_inventory(image.layers).distributions
    layers = [layer.name for layer in image.layers]
    held = locked_distributions(found, reference.lock(), layers, reference.name)
    return [(wheel, licences_of(one.metadata)) for wheel, one in held.wheels]
