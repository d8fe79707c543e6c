"""What the programs answer is told, and what they leave out is no good news."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from packager.environment.lock import LockFile, write_lock
from packager.errors import PackageError, UsageError
from packager.manifest.manifest import Wheel
from packager.trust.audit_report import AuditResult
from packager.trust.vulnerabilities import _grype, _trivy, look_up_wheels

BILL = {
    "components": [
        {"name": "one", "version": "1.0", "purl": "pkg:pypi/one@1.0"},
        {"name": "two", "version": "2.0", "purl": "pkg:pypi/two@2.0"},
        {"name": "libc6", "version": "1:2.36-9", "purl": "pkg:deb/debian/libc6@1:2.36-9"},
        {"name": "model", "version": "1"},
    ]
}


def program(folder: Path, name: str, answers: dict[str, object], code: int = 0) -> str:
    """A program that prints one of ``answers``, by its first argument, as its JSON."""
    path = folder / name
    cases = "".join(
        f"{key}*) cat <<'E'\n{json.dumps(told)}\nE\n;;\n" for key, told in answers.items()
    )
    path.write_text(f'#!/bin/sh\ncase "$1" in\n{cases}esac\nexit {code}\n')
    path.chmod(0o755)
    return str(path)


def project(folder: Path) -> Path:
    wheels = tuple(
        Wheel(name=n, version="1.0", filename=f"{n}-1.0-py3-none-any.whl", sha256="0" * 64,
              groups=("model",))
        for n in ("one", "two")
    )  # fmt: skip
    lock = LockFile(inputs="0" * 64, python="3.11", platform="linux/amd64", wheels=wheels)
    write_lock(lock, folder / "package.lock")
    return folder


def test_pip_audit_that_leaves_a_package_out_is_no_good_news(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = {
        "dependencies": [
            {"name": "one", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"]}]},
            {"name": "two", "skip_reason": "not on this index"},
        ]
    }
    program(tmp_path, "pip-audit", {"--requirement": told}, 1)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    found = AuditResult("p")
    look_up_wheels(found, project(tmp_path))
    assert [(one.location, one.what, one.hint) for one in found.findings] == [
        ("one", "1.0 has PYSEC-1", "fixed in 2")
    ]
    assert [one.what for one in found.skipped] == [
        "pip-audit did not look at 1 of 2 packages: two==1.0"
    ]
    assert not found.clean


def test_no_program_and_no_lock_are_wrong_usage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match=r"expected package\.lock in"):
        look_up_wheels(AuditResult("p"), tmp_path)
    with pytest.raises(UsageError, match="expected pip-audit on the PATH, got none"):
        look_up_wheels(AuditResult("p"), project(tmp_path))


def test_a_program_that_fails_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, "pip-audit", {"--requirement": {"dependencies": []}}, 3)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(PackageError, match="expected JSON, got exit code 3"):
        look_up_wheels(AuditResult("p"), project(tmp_path))


def test_grype_and_trivy_name_their_database_and_what_they_left_out(tmp_path: Path) -> None:
    file = tmp_path / "bom.json"
    file.write_text(json.dumps(BILL))
    parts = [{"bom-ref": "a", "name": "one", "version": "1.0"}]
    parts.append({"bom-ref": "b", "name": "libc6", "version": "1:2.36-9"})
    flaws = [{"id": "CVE-1", "affects": [{"ref": "a"}]}]
    grype = {"sbom": {"components": parts, "vulnerabilities": flaws}, "db": {"built": "2026-01-02"}}
    found = AuditResult("p")
    _grype(found, program(tmp_path, "grype", grype), file, BILL)
    assert [one.what for one in found.findings] == ["1.0 has CVE-1"]
    assert [one.what for one in found.skipped] == ["grype did not look at 1 of 3 packages: two 2.0"]
    assert found.scanned["vulnerabilities"] == "by grype, database of 2026-01-02"

    packages = [{"Name": "one", "Version": "1.0"}, {"Name": "libc6", "Version": "2.36"}]
    flaw = {"PkgName": "one", "InstalledVersion": "1.0", "VulnerabilityID": "CVE-1"}
    results = {"Results": [{"Packages": packages, "Vulnerabilities": [flaw]}]}
    trivy = {"sbom": results, "version": {"VulnerabilityDB": {"UpdatedAt": "2026-01-02"}}}
    found = AuditResult("p")
    _trivy(found, program(tmp_path, "trivy", trivy), file, BILL)
    assert [one.what for one in found.findings] == ["1.0 has CVE-1"]
    assert [one.what for one in found.skipped] == ["trivy did not look at 1 of 3 packages: two 2.0"]
    assert found.scanned["vulnerabilities"] == "by trivy, database of 2026-01-02"
