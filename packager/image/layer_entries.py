"""The entries of layers, to make other layers of them."""

from __future__ import annotations

from collections.abc import Sequence

from packager.image.layers import Entry, Layer


def copy_members(layers: Sequence[Layer]) -> list[Entry]:
    """The entries of small layers, with their content in memory."""
    entries = []
    for layer in layers:
        with layer.members() as members:
            for info in members:
                entries.append(
                    Entry(
                        info.name,
                        source=b"".join(members.chunks(info)) if info.isreg() else None,
                        link=info.linkname if info.issym() else None,
                        mode=info.mode,
                    )
                )
    return entries
