"""Comparison of a signed bill of materials (CycloneDX) with the one of the image as it is now."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from packager.errors import PackageError
from packager.image.config import LABEL
from packager.trust.facts import PackageFacts
from packager.trust.links import Comparison
from packager.trust.statements import Statement

IDENTITY = ("type", "name", "version", "purl", "hashes")
"""Fields that versions of this program agree on; they may describe a component differently."""


def bill_serial(kind: str, root: str, platform: str) -> uuid.UUID:
    """The serial number of the bill of a package: its root and platform give it.

    ``kind``: ``image`` or ``companion``.
    """
    return uuid.uuid5(uuid.NAMESPACE_URL, f"{LABEL}:{kind} {root} {platform}")


def bill_link(facts: PackageFacts, statements: Sequence[Statement]) -> Comparison:
    """The signed bills against the image; one that fits is enough.

    Where no layer was read, only the package and platform that a bill is of are compared.
    """
    own, binding = None, facts.binding
    if facts.bill is not None:
        try:
            own = json.loads(facts.bill())
        except PackageError as error:
            return "sbom", False, f"the image has no whole bill: {error.message}"
    serial = bill_serial("image", binding.root, binding.platform).urn
    first = ""
    for statement in statements:
        signed = statement.predicate
        if signed.get("serialNumber") != serial:
            got = str(signed.get("serialNumber", "none"))[:80]
            wrong = f"expected the bill of this package, serial number {serial}, got {got} signed"
        else:
            wrong = "" if own is None else _difference(signed, own)
        if not wrong:
            read = "not compared with the layers, which were not read"
            count = f"{sum(1 for _ in _components(signed)):,} components"
            return "sbom", True, f"{count}; {read}" if own is None else count
        first = first or wrong
    return "sbom", False, first


def _difference(signed: Mapping[str, Any], own: Mapping[str, Any]) -> str:
    """The first difference of two bills of one package, by name; empty if there is none."""
    same_program = _tools(signed) == _tools(own)
    theirs, ours = dict(_components(signed)), dict(_components(own))
    for name in [*ours, *(name for name in theirs if name not in ours)]:
        if name not in theirs:
            return f"{name}: is in the image, and not in the signed bill"
        if name not in ours:
            return f"{name}: is in the signed bill, and not in the image"
        fields = sorted(theirs[name].keys() | ours[name].keys()) if same_program else IDENTITY
        for field in fields:
            expected, actual = theirs[name].get(field), ours[name].get(field)
            if expected != actual:
                return f"{name}: {field}: expected {_text(expected)} signed, got {_text(actual)}"
    if same_program:
        for field in sorted(signed.keys() | own.keys()):
            if signed.get(field) != own.get(field):
                return f"{field}: the signed bill has others than the image"
    return ""


def _components(bill: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each component without those in it, by its reference, or its name below its owner's."""
    todo = [("", bill)]
    while todo:
        owner, one = todo.pop()
        inner = one.get("components")
        for part in inner if isinstance(inner, list) else ():
            if isinstance(part, dict):
                name = str(part.get("bom-ref") or f"{owner}{part.get('name')}")
                yield name, {key: value for key, value in part.items() if key != "components"}
                todo.append((f"{name}/", part))


def _tools(bill: Mapping[str, Any]) -> Any:
    metadata = bill.get("metadata")
    return metadata.get("tools") if isinstance(metadata, dict) else None


def _text(value: Any) -> str:
    return "nothing" if value is None else json.dumps(value, sort_keys=True)[:200]
