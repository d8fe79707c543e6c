"""JSON documents of an image that somebody else made, bounded before they are parsed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from packager.errors import PackageError
from packager.image.layers import Layer

DOCUMENTS = ("manifest.json", "lock.json", "fingerprint.json", "profile.json")
"""Files of ``/package`` that the host reads."""
MAX_DOCUMENT = 16 * 1024 * 1024
"""Bytes of a file of ``/package``."""
MAX_SETTINGS = 4 * 1024 * 1024
"""Bytes of an index, a manifest or a config of an image; registries take no more either."""
MAX_VALUES = 1_000_000
"""Values of a document. A file of the code or the model has four."""
MEMBERS = 20_000
"""Files of the layer ``package``."""

N = TypeVar("N", bound=BaseModel)


def bounded(content: bytes) -> bytes:
    """``content``, unless parsing it would take more memory than a package's documents need.

    Raises ``ValueError`` for more than ``MAX_VALUES`` values. A parser makes an object of each.
    """
    values = sum(content.count(mark) for mark in (b",", b"[", b"{"))
    if values > MAX_VALUES:
        raise ValueError(f"expected at most {MAX_VALUES:,} values, got {values:,}")
    return content


def noun(kind: type[N], content: bytes, called: str) -> N:
    """``content`` as a noun; ``PackageError`` with the first mistake where it is none."""
    try:
        return kind.model_validate_json(bounded(content))
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, found["loc"]))[:200]
        said = f"{place}: {found['msg']}" if place else str(found["msg"])
    except ValueError as error:
        said = str(error)
    raise PackageError(
        f"{called}: expected {kind.__name__}, got {said}",
        "the package is damaged or was made by another version of this program",
    )


def package_documents(layers: Sequence[Layer]) -> dict[str, bytes]:
    """``DOCUMENTS`` by name, from the topmost layer called ``package``, in one reading.

    Raises ``PackageError`` for two of one name, or one of more than ``MAX_DOCUMENT`` bytes.
    """
    layer = next((layer for layer in reversed(layers) if layer.name == "package"), None)
    found: dict[str, bytes] = {}
    if layer is None:
        return found
    wanted = {f"package/{name}": name for name in DOCUMENTS}
    with layer.members(most=MEMBERS) as members:
        for info in members:
            name = wanted.get(info.name)
            if name is None or not info.isreg():
                continue
            if name in found:
                raise members.refusal(f"{info.name!r} twice")
            found[name] = members.content(info, MAX_DOCUMENT)
    return found


def document(documents: Mapping[str, bytes], name: str) -> bytes:
    """One of ``documents``; ``PackageError`` where the image has none of that name."""
    if name not in documents:
        raise PackageError(f"{name}: not in the image", "name an image that `package build` made")
    return documents[name]
