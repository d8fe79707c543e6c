"""Small assembled images, for tests of their export and inspection."""

from __future__ import annotations

from pathlib import Path

from host_samples import LOCK, MANIFEST

from packager.image.config import LABEL, Image, assemble
from packager.image.layers import Entry, plain_layer
from packager.image.reference import COMPANION

NAME = f"models/shop:{MANIFEST.tag}"


def make_images(
    folder: Path, *, manifest: bytes | None = None, platform: str = "linux/amd64"
) -> tuple[Image, Image]:
    """A package and its companion; ``manifest`` replaces the bytes of the true one."""
    folder.mkdir(exist_ok=True)
    own = MANIFEST
    if platform not in own.platforms:
        own = own.model_copy(update={"platforms": {platform: own.platforms["linux/amd64"]}})
    package = {
        "package/lock.json": LOCK.dump(),
        "package/manifest.json": manifest or own.dump(),
    }
    layers = [
        plain_layer("code", folder / "code.tar", [Entry("code/train.py", source=b"x = 1\n")]),
        plain_layer(
            "package",
            folder / "package.tar",
            [Entry(name, source=content) for name, content in package.items()],
        ),
    ]
    data = plain_layer("data", folder / "data.tar", [Entry("data/source/a.csv", source=b"a\n1\n")])
    labels = {f"{LABEL}.root": own.root, f"{LABEL}.name": "shop"}
    main = assemble(NAME, None, layers, platform, labels)
    more = {**labels, f"{LABEL}.companion-of": own.root}
    return main, assemble(NAME + COMPANION, None, [*layers, data], platform, more)
