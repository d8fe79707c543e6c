"""The rules of a release, as pure functions of names and texts; each returns the faults."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from email.parser import HeaderParser

from packaging.metadata import Metadata
from packaging.version import InvalidVersion, Version

HEADING = re.compile(r"^## (?P<version>\S+)(?: \((?P<date>[^)]*)\))?$", re.MULTILINE)
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
ROOMS = ("modelhost/", "monitoring/", "packager/", "serving/")
TEXTS = ("CHANGELOG.md", "Dockerfile.template", "LICENSE", "README.md", "SECURITY.md")
OF_SDIST = (*TEXTS, "PKG-INFO", "pyproject.toml", ".gitignore")
NEEDED = (
    "packager/environment/shipped.lock.json",
    "packager/image/Dockerfile.template",
    "packager/project/templates/package.toml",
    "packager/py.typed",
)
"""In a wheel, besides every tracked file of the packages."""
STRANGE = re.compile(
    r"(^|/)(__pycache__|\.[^/]+_cache|\.hypothesis|\.venv|\.demo|tests?|\.git)(/|$)"
    r"|\.(pyc|pyo|so|pem|key|env|log|sqlite3?)$|(^|/)id_(rsa|ed25519)|~$"
)


def changelog_faults(changelog: str, version: str, *, rehearsal: bool) -> list[str]:
    """The newest heading must be this version, with the day of its release."""
    found = HEADING.search(changelog)
    if found is None:
        return ["CHANGELOG.md: expected a heading `## VERSION (DATE)`, got none"]
    if found["version"] != version:
        return [f"CHANGELOG.md: expected {version} as the newest heading, got {found['version']}"]
    date = found["date"] or "no date"
    if not rehearsal and not DATE.fullmatch(date):
        return [f"CHANGELOG.md: expected `## {version} (YYYY-MM-DD)`, got {date}"]
    return []


def version_faults(version: str) -> list[str]:
    """A version is released in its normal form, and is no local one."""
    try:
        parsed = Version(version)
    except InvalidVersion:
        return [f"pyproject.toml: expected a version, got {version}"]
    if str(parsed) != version or parsed.local:
        return [f"pyproject.toml: expected a version such as {parsed.public}, got {version}"]
    return []


def tree_faults(status: str, tags: Iterable[str], version: str, *, rehearsal: bool) -> list[str]:
    """No change that is not committed (``git status --porcelain``), and a tag that is free."""
    faults = []
    if changed := [line[3:] for line in status.splitlines()]:
        faults.append(f"expected a clean tree, got changes in {', '.join(changed[:5])}")
    if f"v{version}" in set(tags) and not rehearsal:
        faults.append(f"expected a new version, got {version}: the tag v{version} exists")
    return faults


def wheel_faults(names: Iterable[str], tracked: Iterable[str]) -> list[str]:
    """``tracked``: every file of the packages that git tracks."""
    found = set(names)
    own = {name for name in found if ".dist-info/" not in name}
    expected = {*tracked, *NEEDED}
    return [
        *(f"wheel: {name} is missing" for name in sorted(expected - found)),
        *(f"wheel: {name} does not belong there" for name in sorted(own - expected)),
        *strange(found, "wheel"),
        *(
            []
            if any(name.endswith("/licenses/LICENSE") for name in found)
            else ["wheel: no licence"]
        ),
    ]


def sdist_faults(names: Iterable[str], tracked: Iterable[str]) -> list[str]:
    """``names``: without the folder that all are in."""
    found, expected = set(names), {*tracked, *OF_SDIST}
    return [
        *(f"sdist: {name} is missing" for name in sorted(expected - found)),
        *(f"sdist: {name} does not belong there" for name in sorted(found - expected)),
        *strange(found, "sdist"),
    ]


def strange(names: Iterable[str], of: str) -> list[str]:
    """Caches, tests, compiled files and what looks like a secret."""
    return [
        f"{of}: {name} looks like a cache, a test or a secret"
        for name in sorted(names)
        if STRANGE.search(name) and not name.endswith(".gitignore")
        and not name.startswith(("packager/project/templates/", "packager/testing/"))
        and "/worker/test/" not in name
    ]  # fmt: skip


def metadata_faults(content: bytes, version: str) -> list[str]:
    """The core metadata must be valid, and name what an index shows."""
    try:
        metadata = Metadata.from_email(content, validate=True)
    except ExceptionGroup as group:
        return [f"metadata: {error}" for error in group.exceptions]
    shown: Mapping[str, object] = {
        "summary": metadata.summary,
        "license_expression": metadata.license_expression,
        "description": metadata.description,
        "requires_python": metadata.requires_python,
        "classifiers": metadata.classifiers,
        "keywords": metadata.keywords,
    }
    faults = [
        f"metadata: expected a field {name}, got none" for name, it in shown.items() if not it
    ]
    if str(metadata.version) != version:
        faults.append(f"metadata: expected version {version}, got {metadata.version}")
    kind = HeaderParser().parsestr(content.decode())["Description-Content-Type"]
    if kind != "text/markdown":
        faults.append(f"metadata: expected a description in text/markdown, got {kind}")
    return faults
