"""Reads JSON documents of an untrusted image; their size is bounded before parsing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import SchemaValidator

from packager.errors import PackageError
from packager.image.config import LABEL
from packager.image.layers import Layer
from packager.manifest.manifest import Manifest

DOCUMENTS = (
    *("manifest.json", "lock.json", "fingerprint.json", "profile.json", "baseline.json"),
    *("attribution.json", "weak.json", "card.json", "origin.json", "files.txt"),
)
"""Files of ``/package`` that the host reads."""
MAX_DOCUMENT = 16 * 1024 * 1024
"""Bytes of a file of ``/package``."""
MAX_SETTINGS = 4 * 1024 * 1024
"""Bytes of an image's index, manifest or config; registries have the same limit."""
MAX_VALUES = 200_000
"""Values of a document. The entry of a code or model file has six."""
OBJECT_VALUES = 3
"""Values that an object counts as, because parsers use more memory for it than for a scalar."""
MAX_KEYS = 50_000
MAX_MEMBERS = 20_000
"""Files of the layer ``package``."""

ModelT = TypeVar("ModelT", bound=BaseModel)


def bounded(content: bytes) -> bytes:
    """Return ``content``; raise ``ValueError`` for more than ``MAX_VALUES`` values.

    A parser makes an object of each value, so this bounds the memory of parsing.
    """
    values = content.count(b",") + content.count(b"[") + OBJECT_VALUES * content.count(b"{")
    if values > MAX_VALUES:
        raise ValueError(f"expected at most {MAX_VALUES:,} values, got {values:,}")
    return content


def narrow(content: bytes) -> bytes:
    """Return ``content``; raise ``ValueError`` for more than ``MAX_KEYS`` nested keys.

    Counts keys of objects nested without a list between them. A model collects an error for each
    wrong key, so this bounds the memory of the errors.
    """
    waiting = [json.loads(content)]
    while waiting:
        keys, inner = 0, [waiting.pop()]
        while inner:
            one = inner.pop()
            if isinstance(one, dict):
                keys += len(one)
                inner.extend(one.values())
            elif isinstance(one, list):
                waiting.extend(part for part in one if isinstance(part, dict | list))
        if keys > MAX_KEYS:
            raise ValueError(f"expected at most {MAX_KEYS:,} keys, got {keys:,}")
    return content


def _fails_fast(schema: Any) -> Any:
    """A model's core schema, with lists whose validation stops at the first error."""
    if isinstance(schema, dict):
        if schema.get("type") in ("list", "tuple", "set", "frozenset"):
            schema = {**schema, "fail_fast": True}
        return {name: _fails_fast(part) for name, part in schema.items()}
    return [_fails_fast(part) for part in schema] if isinstance(schema, list) else schema


@cache
def _checker(kind: type[BaseModel]) -> SchemaValidator:
    # Prebuilt validators of the models would not stop at the first error.
    return SchemaValidator(_fails_fast(kind.__pydantic_core_schema__), None, _use_prebuilt=False)


def parse_document(kind: type[ModelT], content: bytes, called: str) -> ModelT:
    """``content`` as a ``kind``; raises ``PackageError`` with the first validation error."""
    try:
        parsed: ModelT = _checker(kind).validate_json(narrow(bounded(content)))
        return parsed
    except ValidationError as error:
        detail = error.errors(include_url=False, include_context=False, include_input=False)[0]
        location = ".".join(map(str, detail["loc"]))[:200]
        problem = f"{location}: {detail['msg']}" if location else str(detail["msg"])
    except (ValueError, RecursionError) as error:
        problem = str(error)
    raise PackageError(
        f"{called}: expected {kind.__name__}, got {problem}",
        "the package is damaged or was made by another version of this program",
    )


def package_documents(
    layers: Sequence[Layer], names: Sequence[str] = DOCUMENTS, most: int = MAX_DOCUMENT
) -> dict[str, bytes]:
    """Files by name, from the topmost layer called ``package``, read in one pass.

    Raises ``PackageError`` for duplicate names and for more than ``most`` bytes.
    """
    layer = next((layer for layer in reversed(layers) if layer.name == "package"), None)
    documents: dict[str, bytes] = {}
    if layer is None:
        return documents
    by_path = {f"package/{name}": name for name in names}
    with layer.members(most=MAX_MEMBERS) as members:
        for info in members:
            name = by_path.get(info.name)
            if name is None or not info.isreg():
                continue
            if name in documents:
                raise members.refusal(f"{info.name!r} twice")
            documents[name] = members.content(info, most)
    return documents


def document(documents: Mapping[str, bytes], name: str) -> bytes:
    """One of ``documents``; raises ``PackageError`` if the image has none of that name."""
    if name not in documents:
        raise PackageError(f"{name}: not in the image", "name an image that `package build` made")
    return documents[name]


def with_labelled_root(manifest: Manifest, labels: Mapping[str, str]) -> Manifest:
    """``manifest``; raises ``PackageError`` if its root is not that of the image's label."""
    try:
        root = manifest.root
    except (ValueError, RecursionError) as error:
        raise PackageError(
            f"package root: expected values that JSON has, got {error}",
            "the image was changed after it was built: build it again",
        ) from error
    if root != labels.get(f"{LABEL}.root"):
        raise PackageError(
            f"package root: expected {labels.get(f'{LABEL}.root')} from the image's label, "
            f"got {root} from its manifest",
            "the image was changed after it was built: build it again",
        )
    return manifest
