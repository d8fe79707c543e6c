"""Compares a document with ``junit.xsd``: the parts of XML Schema that that file uses."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

SCHEMA = Path(__file__).with_name("junit.xsd")
XS = "{http://www.w3.org/2001/XMLSchema}"


def violations(top: ElementTree.Element) -> list[str]:
    """The violations of the schema in ``top``, each as a sentence."""
    schema = ElementTree.parse(SCHEMA).getroot()
    types = {one.attrib["name"]: one for one in schema.findall(f"{XS}complexType")}
    elements = {one.attrib["name"]: one for one in schema.findall(f"{XS}element")}
    found: list[str] = []
    for element in top.iter():
        if element.tag not in elements:
            found.append(f"{element.tag} is unknown")
            continue
        declared = elements[element.tag]
        own = declared.find(f"{XS}complexType")
        shape = types.get(declared.get("type", "")) if own is None else own
        found += _attributes(element, shape)
        found += _children(element, shape)
    return found


def _attributes(element: ElementTree.Element, shape: ElementTree.Element | None) -> list[str]:
    declared = [] if shape is None else shape.findall(f"{XS}attribute")
    allowed = {one.attrib["name"] for one in declared}
    needed = {one.attrib["name"] for one in declared if one.get("use") == "required"}
    given = set(element.attrib)
    return [
        *(f"{element.tag} has no {name}" for name in sorted(needed - given)),
        *(f"{element.tag} has {name}" for name in sorted(given - allowed)),
    ]


def _children(element: ElementTree.Element, shape: ElementTree.Element | None) -> list[str]:
    """In the order of the sequence, each as often as it says."""
    left = [child.tag for child in element]
    found = []
    for one in [] if shape is None else shape.findall(f"{XS}sequence/{XS}element"):
        count = 0
        while left and left[0] == one.attrib["ref"]:
            left.pop(0)
            count += 1
        most = one.get("maxOccurs", "1")
        if count < int(one.get("minOccurs", "1")) or (most != "unbounded" and count > int(most)):
            found.append(f"{element.tag} has {count} {one.attrib['ref']}")
    if left:
        found.append(f"{element.tag} has {left[0]} where it may not stand")
    text = (element.text or "").strip()
    if shape is not None and shape.get("mixed") != "true" and text:
        found.append(f"{element.tag} has text")
    return found
