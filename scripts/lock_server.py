"""``make lock-server``: resolves the server's and the harness's requirements with hashes.

The versions are those of ``requirements-dev.lock``, which the tests use. Writes
``packager/environment/shipped.lock.json``, which ships.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import uv
from packaging.markers import Marker
from packaging.utils import canonicalize_name

from packager.digest import canonical_json
from packager.environment.index import user_index_options
from packager.environment.platform import WheelTarget
from packager.environment.shipped import (
    PATH,
    PLATFORMS,
    PYTHONS,
    ShippedGroup,
    ShippedLock,
    ShippedPackage,
    ShippedWheel,
    marker_values,
    tags,
)

TOP = Path(__file__).resolve().parent.parent
RESOLVED: tuple[ShippedGroup, ...] = ("server", "grpc", "harness", "issues")
ALONE: tuple[ShippedGroup, ...] = ("trees", "parquet")
"""Groups without what their requirements depend on, which the others must have."""
TARGETS = [WheelTarget(python, platform, (2, 41)) for python in PYTHONS for platform in PLATFORMS]
Package = dict[str, Any]


def main() -> None:
    project = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    lines = {group: tuple(extras[group]) for group in (*RESOLVED, *ALONE)}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        versions = folder / "tested.txt"
        versions.write_text(tested_versions(), encoding="utf-8")
        whole = compiled(folder, [line for group in lines for line in lines[group]], versions)
        groups = {
            group: {p["name"] for p in compiled(folder, lines[group], versions)}
            for group in RESOLVED
        }
    groups |= {group: {name_of(line) for line in lines[group]} for group in ALONE}
    packages = [shipped(package, groups) for package in whole]
    lock = ShippedLock(requirements=lines, packages=tuple(p for p in packages if p))
    for target in TARGETS:
        for package in lock.packages:
            if package.applies(target) and package.best(target) is None:
                sys.exit(
                    f"error: {package.name} {package.version}: no wheel for {target} on the "
                    "indexes of this machine; lock with an index that has all of them"
                )
    write(lock)
    print(f"{PATH.relative_to(TOP)}: {len(lock.packages)} packages")


def tested_versions() -> str:
    """The pins of the developers' lock, without hashes."""
    text = (TOP / "requirements-dev.lock").read_text(encoding="utf-8")
    return "\n".join(re.findall(r"^[\w.-]+==[^\s\\]+(?: ; [^\\\n]+)?", text, re.M))


def name_of(line: str) -> str:
    return str(canonicalize_name(re.split(r"[^\w.-]", line)[0]))


def compiled(folder: Path, lines: Sequence[str], versions: Path) -> list[Package]:
    """The packages of a universal resolution of ``lines`` with the tested versions."""
    asked, output = folder / "asked.txt", folder / "pylock.toml"
    asked.write_text("\n".join(lines), encoding="utf-8")
    output.unlink(missing_ok=True)
    command = [uv.find_uv_bin(), "pip", "compile", str(asked), "--universal", "--quiet"]
    command += ["--python-version", PYTHONS[0], "--constraints", str(versions), "--no-header"]
    command += ["--format", "pylock.toml", "--generate-hashes", "--output-file", str(output)]
    # As pip does: a tested version may be on any of the indexes.
    command += ["--index-strategy", "unsafe-best-match"]
    options = user_index_options().arguments
    subprocess.run([*command, *options], check=True, env={**os.environ, "UV_SYSTEM_CERTS": "1"})
    found: list[Package] = tomllib.loads(output.read_text(encoding="utf-8"))["packages"]
    return found


def shipped(package: Package, groups: Mapping[ShippedGroup, set[str]]) -> ShippedPackage | None:
    """A package with the wheels that a target can use; None if none needs it."""
    marker = package.get("marker", "")
    targets = [t for t in TARGETS if not marker or Marker(marker).evaluate(marker_values(t))]
    wheels = []
    for entry in package.get("wheels", ()):
        filename = entry.get("name") or unquote(entry["url"].rsplit("/", 1)[-1])
        if any(tag in target.tags for tag in tags(filename) for target in targets):
            wheels.append(ShippedWheel(filename=filename, sha256=entry["hashes"]["sha256"]))
    if not targets:
        return None
    return ShippedPackage(
        name=package["name"],
        version=package["version"],
        groups=tuple(group for group, names in groups.items() if package["name"] in names),
        marker="" if len(targets) == len(TARGETS) else marker,
        wheels=tuple(sorted(wheels, key=lambda wheel: wheel.filename)),
    )


def write(lock: ShippedLock) -> None:
    """Write ``lock`` with one wheel per line, so that diffs show what changed."""
    content = lock.model_dump(mode="json")
    entries = []
    for package in content["packages"]:
        wheels = ",\n".join("   " + canonical_json(one).decode() for one in package.pop("wheels"))
        head = canonical_json(package).decode()[:-1]
        entries.append(f'  {head},"wheels":[\n{wheels}\n  ]}}')
    requirements = canonical_json(content["requirements"]).decode()
    text = ",\n".join(entries)
    PATH.write_text(
        f'{{\n "requirements": {requirements},\n "packages": [\n{text}\n ]\n}}\n', encoding="utf-8"
    )


if __name__ == "__main__":
    main()
