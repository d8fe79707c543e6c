"""The layers that depend on a base and this installation, and on no project.

They are those of the wheels of the shipped lock, and of the runtimes. ``package base`` makes them
in the cache, so that a first build makes only its own.
"""

from __future__ import annotations

from collections.abc import Sequence

from packager.environment.locked_downloads import fetch_shipped
from packager.environment.shipped import ShippedGroup, shipped_wheels
from packager.image.base.saved import BaseImage
from packager.image.config import LABEL, assemble
from packager.image.export import load_into
from packager.image.file_list import layer_listing
from packager.image.layers import Layer
from packager.image.stack import runtime_layer, training_layer
from packager.image.wheels import MIN_OWN_LAYER_BYTES, WheelUnpacker, grouped
from packager.manifest.manifest import Wheel
from packager.progress import Progress

GROUPS: tuple[ShippedGroup, ...] = ("server", "trees", "harness")
"""Groups of the shipped lock that packages of any project with data may have."""


def prepare_layers(base: BaseImage, progress: Progress) -> None:
    """Make in the cache the layers that packages on ``base`` have in common, and list their files.

    An engine gets the lowest of them, in an image called as ``image_name`` says. Downloads the
    wheels. Raises ``PackageError``.
    """
    progress.step(f"making the layers that packages on {base.saved.reference} have in common")
    compiler = base.compiler()
    every = shipped_wheels(GROUPS, base.target, f"base {base.saved.reference}")
    fetch_shipped(every, base.target, progress)
    runtimes = [runtime_layer(compiler), training_layer(compiler)]
    with WheelUnpacker(base.saved.python, compiler) as unpacker:
        unpacker.start(every)
        # The server's and those of trees are the same layers in every package; which of the
        # harness's small wheels are in one layer depends on what the model's environment has.
        server = grouped(unpacker.folders(_of(every, "server")), "server wheels")
        trees = grouped(unpacker.folders(_of(every, "trees")), "tree wheels")
        harness = unpacker.folders(_of(every, "harness"))
    own = [layer for folder in harness for layer in folder.layers]
    big = [layer for layer in own if layer.size >= MIN_OWN_LAYER_BYTES]
    lowest = _once([*server, *big])
    for layer in _once([*lowest, *trees, *runtimes]):
        layer_listing(layer, verified=layer.source == "built")
        progress.item(layer.name, layer.source, layer.size, layer.seconds)
    _send(base, lowest, progress)


def image_name(base: BaseImage) -> str:
    """The name of the image that makes an engine keep the layers of packages on ``base``."""
    return f"package-layers:{base.saved.reference.rpartition(':')[2]}"


def _send(base: BaseImage, layers: Sequence[Layer], progress: Progress) -> None:
    """Send ``layers`` to the engine of ``base``, if it lets packages leave out what it holds.

    They are the lowest of a package whose model's environment has the harness's big wheels and no
    other; every package has the first ones, which are the server's.
    """
    engine, platform = base.engine, base.saved.platform
    if engine is None or engine.platform != platform or not engine.skips_held_layers:
        return
    progress.step("sending layers to the engine")
    held = [*base.layers, *layers]
    image = assemble(image_name(base), base.locked, held, platform, {LABEL: "layers"})
    before = engine.describe(image.name)
    load_into(engine, image, progress)
    if before is not None and before["Id"] != image.digest:
        engine.remove(before["Id"])  # that of an earlier base or installation has no name now


def _of(wheels: Sequence[Wheel], group: str) -> list[Wheel]:
    return [wheel for wheel in wheels if group in wheel.groups]


def _once(layers: Sequence[Layer]) -> list[Layer]:
    return [*{layer.diff_id: layer for layer in layers}.values()]
