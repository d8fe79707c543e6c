"""Errors of builds from source, with a hint for what would work."""

from __future__ import annotations

import re

from packager.errors import PackageError
from packager.exit_reason import MAX_LINES, ExitReason

MAX_SHOWN = 500
"""Characters of the backend's last line in an error."""
_TOOL = r"[\w+-]*\b(?:gcc|g\+\+|c\+\+|cc|clang|cmake|ninja|make|rustc|cargo|gfortran)(?![\w+])"
_COMPILER = re.compile(
    rf"command '[^']*{_TOOL}|{_TOOL}[^\n]{{0,40}}(?:No such file|not found)|"
    rf"No such file[^\n]{{0,20}}'{_TOOL}|Unknown compiler|CMAKE_C(?:XX)?_COMPILER not set|"
    r"can't find Rust compiler|No [\w+]+ compiler",
    re.IGNORECASE,
)
_RUST = ("maturin", "setuptools_rust")
_SEVERAL = re.compile(r"Multiple top-level (?:packages|modules) discovered")
_CAUSE = re.compile(r"(?:error|fatal|[\w.]*(?:Error|Exception)):", re.IGNORECASE)
_MODULE = re.compile(r"ModuleNotFoundError: No module named '([\w.]+)'")
_VERSION = re.compile(r"unable to detect version|setuptools.scm|hatch.vcs", re.IGNORECASE)
_NETWORK = re.compile(
    r"Temporary failure in name resolution|Network is unreachable|Name or service not known|"
    r"Connection refused|URLError|ConnectionError"
)
_DENIED = re.compile(r"PermissionError|Permission denied|Read-only file system")


def no_backend(called: str, got: str) -> PackageError:
    """The error for a source that does not say how it is built."""
    return PackageError(
        f"{called}: expected a Python project with a build backend, got {got}",
        "name a folder with a pyproject.toml that has [build-system], or with a setup.py; "
        "#subdirectory=PATH names one within a repository",
    )


def build_failure(called: str, backend: str, ended: ExitReason) -> PackageError:
    """The error for a backend that made no wheel."""
    lines = [line.strip() for line in ended.output if line.strip()]
    causes = [line for line in lines if _CAUSE.match(line)] or lines
    detail = f": {causes[-1][:MAX_SHOWN]}" if causes else ""
    how = f"exit code {ended.code}" if ended.signal is None else ended.reason
    return PackageError(
        f"{called}: its build backend {backend} ended with {how}{detail}",
        _hint("\n".join(lines), ended, backend),
    )


def _hint(output: str, ended: ExitReason, backend: str) -> str:
    module = _MODULE.search(output)
    rust = backend.startswith(_RUST) and _NETWORK.search(
        output
    )  # fetches a compiler if there is none
    if rust or _COMPILER.search(output):
        return (
            "the base has no compiler: make a wheel of it on a machine with one (`pip wheel "
            "--no-deps`), put it into a folder of the project and write `--find-links FOLDER` and "
            "its name; or take a version or package that has a wheel"
        )
    if _SEVERAL.search(output):
        return (
            "name its packages in its pyproject.toml, as [tool.setuptools] packages = "
            '["NAME"]; of a project that only lists requirements, packages = []'
        )
    if module is not None:
        missing = module[1].partition(".")[0]
        return (
            f"it imports {missing} while it is built: name that in [build-system] requires of its "
            "pyproject.toml, or take a version that has a wheel"
        )
    if _VERSION.search(output):
        return (
            "its version comes from git, which a build does not have: name a commit with a tag "
            "(git+https://…@v1.2), or set the version in its pyproject.toml"
        )
    if _NETWORK.search(output):
        return "a build has no network: have it bring what it needs, or name a wheel of it"
    if _DENIED.search(output):
        return "a build may access its own folder only: have it read and write nothing elsewhere"
    if ended.signal is not None:
        return ended.hint
    last = "\n  ".join(output.splitlines()[-MAX_LINES:])
    return f"check it with `pip wheel` of it, or name a wheel of it; its last lines:\n  {last}"
