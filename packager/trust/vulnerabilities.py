"""Known vulnerabilities: a bill of materials is handed to grype, trivy or pip-audit, if present.

What a program left out is never taken for good news: it is told, and the audit fails.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

from packager.environment.lock import FILENAME as LOCK
from packager.environment.lock import load_lock
from packager.environment.programs import clean_environment, find_program, search_path
from packager.errors import PackageError, UsageError
from packager.image.reference import Reference
from packager.manifest.manifest import Wheel
from packager.trust.audit_report import AuditFinding, AuditResult
from packager.trust.sbom import bill_of_materials

SECONDS = 900
PROGRAMS = ("grype", "trivy", "pip-audit")
"""In this order the first that is present is asked."""
MAX_NAMED = 10


def look_up(audit: AuditResult, reference: Reference) -> None:
    """Add the vulnerabilities of a package's image; raises ``UsageError`` without a program."""
    name, path = _program(PROGRAMS)
    with tempfile.TemporaryDirectory() as directory:
        if name == "pip-audit":
            _pip_audit(audit, path, reference.lock().wheels, Path(directory))
            return
        bill = bill_of_materials(reference)
        file = Path(directory) / "bom.json"
        file.write_bytes(bill)
        (_grype if name == "grype" else _trivy)(audit, path, file, json.loads(bill))


def look_up_wheels(audit: AuditResult, project: Path) -> None:
    """Add the vulnerabilities of a project's locked wheels, by pip-audit.

    Raises ``UsageError`` without it, or without a lock.
    """
    lock = load_lock(project / LOCK)
    if lock is None:
        raise UsageError(
            f"--vulnerabilities: expected {LOCK} in {project}, got none",
            "run `package build` once, which writes it",
        )
    _, path = _program(("pip-audit",))
    with tempfile.TemporaryDirectory() as directory:
        _pip_audit(audit, path, lock.wheels, Path(directory))


def _program(names: tuple[str, ...]) -> tuple[str, str]:
    for name in names:
        path = find_program(name)
        if path is not None:
            return name, path
    expected = " or ".join(names)
    raise UsageError(
        f"--vulnerabilities: expected {expected} on the PATH, got none",
        "install one of them, for example with `pipx install pip-audit`; a project needs pip-audit",
    )


def _run(command: list[str], folder: Path, codes: Collection[int] = (0,)) -> Any:
    """The JSON that a program prints; raises ``PackageError`` if it fails."""
    variables = {**clean_environment(os.environ), "PATH": search_path()}
    try:
        done = subprocess.run(
            command, cwd=folder, env=variables, capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise PackageError(f"{command[0]}: no answer within {SECONDS} s", "try again") from error
    try:
        if done.returncode not in codes:
            raise ValueError(f"exit code {done.returncode}")
        return json.loads(done.stdout)
    except ValueError as error:
        error_lines = done.stderr.decode(errors="replace").strip().splitlines()[-3:]
        raise PackageError(
            f"{command[0]}: expected JSON, got {error}: {' '.join(error_lines)[:500]}",
            "run it by hand; its database may need the network",
        ) from error


def _add(audit: AuditResult, name: str, version: str, identity: str, fixed: str) -> None:
    what = f"{version} has {identity}"
    hint = f"fixed in {fixed}" if fixed else "no fixed version is known"
    one = AuditFinding("vulnerabilities", name, what, hint)
    if one not in audit.findings:
        audit.findings.append(one)


def _missing(audit: AuditResult, program: str, expected: set[str], seen: set[str]) -> None:
    """Note what the program was handed and didn't look at."""
    unscanned = sorted(expected - seen)
    if unscanned:
        shown = ", ".join(unscanned[:MAX_NAMED]) + (", …" if len(unscanned) > MAX_NAMED else "")
        what = f"{program} did not look at {len(unscanned)} of {len(expected)} packages: {shown}"
        audit.skipped.append(AuditFinding("vulnerabilities", program, what, "ask another program"))


def _packages(bill: Any) -> set[str]:
    """``name version`` of every wheel and Debian package of a bill of materials."""
    return {
        f"{part['name']} {part['version']}".lower()
        for part in bill.get("components", ())
        if str(part.get("purl", "")).startswith(("pkg:pypi/", "pkg:deb/"))
    }


def _grype(audit: AuditResult, path: str, file: Path, bill: Any) -> None:
    """grype's CycloneDX names every package that it looked at, beside what it found."""
    output = _run([path, f"sbom:{file}", "-o", "cyclonedx-json"], file.parent)
    status = _run([path, "db", "status", "-o", "json"], file.parent)
    built = status.get("built") or status.get("location") or "of an unknown date"
    parts = {part.get("bom-ref"): part for part in output.get("components", ())}
    for one in output.get("vulnerabilities", ()):
        fixed = str(one.get("recommendation", ""))
        for affected in one.get("affects", ()):
            part = parts.get(affected.get("ref"), {})
            _add(audit, part.get("name", "?"), part.get("version", "?"), one["id"], fixed)
    seen = {f"{part.get('name')} {part.get('version')}".lower() for part in parts.values()}
    _missing(audit, "grype", _packages(bill), seen)
    audit.scanned["vulnerabilities"] = f"by grype, database of {built}"


def _trivy(audit: AuditResult, path: str, file: Path, bill: Any) -> None:
    command = [path, "sbom", "--format", "json", "--list-all-pkgs", "--quiet", str(file)]
    output = _run(command, file.parent)
    version = _run([path, "version", "--format", "json"], file.parent)
    built = version.get("VulnerabilityDB", {}).get("UpdatedAt", "of an unknown date")
    seen = set()
    for result in output.get("Results") or ():
        for part in result.get("Packages") or ():
            seen.add(f"{part.get('Name')} {part.get('Version')}".lower())
        for one in result.get("Vulnerabilities") or ():
            fixed = one.get("FixedVersion", "")
            _add(audit, one["PkgName"], one["InstalledVersion"], one["VulnerabilityID"], fixed)
    _missing(audit, "trivy", _trivy_names(bill), seen)
    audit.scanned["vulnerabilities"] = f"by trivy, database of {built}"


def _trivy_names(bill: Any) -> set[str]:
    """As ``_packages``; trivy gives Debian versions without their revision."""
    debian = [
        part for part in bill.get("components", ()) if "pkg:deb/" in str(part.get("purl", ""))
    ]
    whole = {f"{part['name']} {part['version']}".lower() for part in debian}
    upstream = {
        f"{part['name']} {part['version'].partition(':')[2] or part['version']}".lower().rpartition(
            "-"
        )[0]
        for part in debian
    }
    return (_packages(bill) - whole) | upstream


def _pip_audit(audit: AuditResult, path: str, wheels: tuple[Wheel, ...], folder: Path) -> None:
    """The wheels alone, by the advisories of PyPI as they are now.

    Where an index has no advisories, pip-audit leaves every package out and exits with 0.
    """
    lines = sorted({f"{wheel.name}=={wheel.version.partition('+')[0]}" for wheel in wheels})
    file = folder / "requirements.txt"
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    options = ["--no-deps", "--disable-pip", "--format", "json", "--progress-spinner", "off"]
    output = _run([path, "--requirement", str(file), *options], folder, (0, 1))
    seen = set()
    for one in output["dependencies"]:
        if "skip_reason" in one:
            continue
        seen.add(f"{one['name']}=={one['version']}".lower())
        for flaw in one["vulns"]:
            _add(audit, one["name"], one["version"], flaw["id"], ", ".join(flaw["fix_versions"]))
    _missing(audit, "pip-audit", {line.lower() for line in lines}, seen)
    audit.scanned["vulnerabilities"] = "by pip-audit, advisories of PyPI as of now; wheels alone"
