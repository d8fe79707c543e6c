"""The product's own bill of materials: what its wheel brings into an environment."""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Iterable, Mapping
from email.parser import HeaderParser
from pathlib import Path

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL
from packaging.utils import canonicalize_name

from packager.digest import canonical_json
from packager.trust.wheel_edges import marker_environment, requirement_edges

OWN = "model-packager"
LIST = """
import json
from importlib.metadata import distributions
print(json.dumps([one.read_text("METADATA") for one in distributions()]))
"""


def metadata_in(python: Path) -> list[str]:
    """The METADATA of each distribution in the environment of an interpreter."""
    done = subprocess.run([python, "-I", "-c", LIST], capture_output=True, text=True, check=True)
    return [text for text in json.loads(done.stdout) if text]


def bill(metadata: Iterable[str], wheel: str, digest: str, python: str) -> bytes:
    """CycloneDX 1.6 of the distributions that model-packager needs, itself first.

    ``digest``: sha256 of the wheel. The same environment gives the same bytes.
    """
    texts = {canonicalize_name(HeaderParser().parsestr(one)["Name"]): one for one in metadata}
    edges = requirement_edges(texts, marker_environment(python, "linux/amd64"))
    needed = reached(edges)
    components = {name: _component(texts[name]) for name in needed}
    own = components[OWN]
    own.type = ComponentType.APPLICATION
    own.hashes.add(HashType(alg=HashAlgorithm.SHA_256, content=digest))
    serial = uuid.uuid5(uuid.NAMESPACE_URL, f"{wheel}#sha256={digest}")
    bom = Bom(serial_number=serial, components=[one for one in components.values() if one != own])
    bom.metadata.component = own
    for name in needed:
        bom.register_dependency(components[name], [components[to] for to in sorted(edges[name])])
    text = make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string()
    document = json.loads(text)
    document["metadata"].pop("timestamp", None)  # the same bytes each time
    return canonical_json(document)


def reached(edges: Mapping[str, set[str]]) -> list[str]:
    """The requirements of model-packager, direct or not, with itself; sorted."""
    todo, found = [OWN], {OWN}
    while todo:
        new = edges[todo.pop()] - found
        found |= new
        todo += new
    return sorted(found)


def _component(text: str) -> Component:
    fields = HeaderParser().parsestr(text)
    name, version = canonicalize_name(fields["Name"]), fields["Version"]
    licence = fields["License-Expression"]
    return Component(
        name=name,
        version=version,
        type=ComponentType.LIBRARY,
        bom_ref=f"{name}@{version}",
        description=fields["Summary"],
        purl=PackageURL("pypi", None, name, version),
        licenses=[LicenseExpression(licence)] if licence else [],
    )
