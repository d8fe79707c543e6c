"""The requirements between installed distributions, by their METADATA."""

from __future__ import annotations

from collections.abc import Mapping
from email.parser import HeaderParser

from packaging.markers import UndefinedComparison, UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


def marker_environment(python: str, platform: str) -> dict[str, str]:
    """Values of environment markers (PEP 508); ``python`` as ``3.11``, ``linux/amd64``."""
    machine = platform.rpartition("/")[2]
    return {
        "implementation_name": "cpython",
        "implementation_version": f"{python}.0",
        "os_name": "posix",
        "platform_machine": MACHINES.get(machine, machine),
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": f"{python}.0",
        "python_version": python,
        "sys_platform": "linux",
    }


def requirement_edges(
    metadata: Mapping[str, str], environment: Mapping[str, str]
) -> dict[str, set[str]]:
    """Canonical name → names in ``metadata`` that it requires, with extras that others ask for.

    ``metadata``: canonical name → text of METADATA, of one environment. A requirement that isn't
    installed, or can't be parsed, has no edge.
    """
    declared = {name: _requirements(text) for name, text in metadata.items()}
    edges: dict[str, set[str]] = {name: set() for name in metadata}
    todo = [(name, "") for name in metadata]
    done = set(todo)
    while todo:
        name, extra = todo.pop()
        for needed in declared[name]:
            target = canonicalize_name(needed.name)
            if target not in metadata or not _holds(needed, {**environment, "extra": extra}):
                continue
            if target != name:
                edges[name].add(target)
            new = {(target, extra_name) for extra_name in needed.extras} - done
            done |= new
            todo += sorted(new)
    return edges


def _holds(needed: Requirement, environment: Mapping[str, str]) -> bool:
    try:
        return needed.marker is None or needed.marker.evaluate(dict(environment))
    except (UndefinedComparison, UndefinedEnvironmentName):
        # No installer can say whether it holds either.
        return False


def _requirements(text: str) -> list[Requirement]:
    requirements = []
    for line in HeaderParser().parsestr(text).get_all("Requires-Dist", []):
        try:
            requirements.append(Requirement(str(line)))
        except InvalidRequirement:
            # Old wheels have requirements that no installer reads either.
            continue
    return requirements
