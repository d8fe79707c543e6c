"""Audits a file, a project or a package: pickles, secrets, licences, imports; runs nothing."""

from __future__ import annotations

import fnmatch
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from modelhost.pickles.audit import audit_model
from modelhost.pickles.judge import Judge
from modelhost.pickles.modules import Modules, NoModules
from modelhost.pickles.report import PickleReport
from packager.environment.imported_modules import imported_modules
from packager.environment.lock import FILENAME as LOCK
from packager.environment.lock import load_lock
from packager.image.reference import Reference
from packager.manifest.manifest import Lock, Wheel
from packager.project.config import FILENAME, Project
from packager.project.files import list_files
from packager.tar_reader import unpack_plain
from packager.trust.audit_report import AuditFinding, AuditResult
from packager.trust.found_secrets import ROTATE, secrets_in
from packager.trust.licences import Licence, licences_of
from packager.trust.wheel_modules import WheelModules

LAYERS = ("code", "model")
"""What of an image is unpacked for the audit."""
UNKNOWN = "is of a library that is unknown here"
MAX_NAMES = 10


def audit_file(path: Path, allow: Sequence[str] = ()) -> AuditResult:
    """Audit one file or folder: its pickles, by the shipped lists and the names of libraries."""
    found = AuditResult(str(path))
    report = audit_model(path, Judge(NoModules(), allow))
    _pickles(found, path.name, report)
    found.told["pickles"] = f"{report.pickles} read to their end"
    return found


def audit_project(project: Project, deny: Sequence[str] = ()) -> AuditResult:
    """Audit a project's code, model and locked wheels; ``deny``: licences, beside its own list."""
    found = AuditResult(str(project.directory))
    listed = list_files(project)
    files = {**listed.code.files, **{f"model: {n}": path for n, path in listed.model.items()}}
    for name in listed.code.secrets:
        found.findings.append(AuditFinding("secrets", name, listed.left_out[name], ROTATE))
    lock = load_lock(project.directory / LOCK)
    wheels = () if lock is None else _of_model(lock.wheels)
    if lock is None:
        hint = "run `package build` once, which writes it"
        found.skipped.append(AuditFinding("licences", LOCK, "is not there", hint))
    own = (project.directory, project.directory / "src")
    with WheelModules(own, wheels) as modules:
        allow = project.serve.pickle_allow
        _files(found, files, Judge(NoModules() if lock is None else modules, allow), modules)
        if lock is not None:
            _licences(found, _wheel_licences(modules), (*project.trust.deny_licenses, *deny))
            code = [path for path in listed.code.files.values() if path.suffix == ".py"]
            _imports(found, code, project.directory, modules)
    return found


def audit_reference(
    reference: Reference, allow: Sequence[str] = (), deny: Sequence[str] = ()
) -> AuditResult:
    """Audit a package's code, model and locked wheels.

    What its own package.toml allows counts for nothing: ``allow`` and ``deny`` are the auditor's.
    """
    found = AuditResult(reference.name)
    own_names = sorted(set(reference.manifest.serve.pickle_allow) - set(allow))
    for name in own_names:
        hint = f"if you trust it, add --allow {name}"
        found.findings.append(AuditFinding("pickles", name, "is allowed by the package", hint))
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        for layer in reference.image().layers:
            if layer.name in LAYERS:
                with layer.members() as members:
                    unpack_plain(members, folder, inside=True)
        _unpacked(found, folder, reference.lock(), (*allow, *own_names), deny)
    return found


def _unpacked(
    found: AuditResult, folder: Path, lock: Lock, allow: Sequence[str], deny: Sequence[str]
) -> None:
    """Audit the unpacked code and model of a package."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    files = {path.relative_to(folder).as_posix(): path for path in paths}
    members = sorted((folder / "models" / "model" / "members").glob("*/code"))
    tops = [folder / "code", *members]
    with WheelModules(
        [p for top in tops for p in (top, top / "src")], _of_model(lock.wheels)
    ) as own:
        _files(found, files, Judge(own, allow), own)
        _licences(found, _wheel_licences(own), deny)
        for top in tops:
            code = [path for path in paths if path.suffix == ".py" and top in path.parents]
            _imports(found, code, top, own)


def _of_model(wheels: Iterable[Wheel]) -> tuple[Wheel, ...]:
    """The wheels of the environments that the project's code runs in."""
    return tuple(wheel for wheel in wheels if {"model", "members"} & set(wheel.groups))


def _files(
    found: AuditResult, files: Mapping[str, Path], judge: Judge, wheels: WheelModules
) -> None:
    """Pickles and secrets of files."""
    pickles = 0
    for name, path in files.items():
        report = audit_model(path, judge)
        pickles += report.pickles
        _pickles(found, name, report, absent=wheels.absent)
        for what in secrets_in(path, name):
            found.findings.append(AuditFinding("secrets", name, what, ROTATE))
    found.told["pickles"] = f"{pickles} in {len(files)} files, read to their end"
    found.told["secrets"] = f"looked for in {len(files)} files"


def _pickles(
    found: AuditResult, name: str, report: PickleReport, absent: Sequence[str] = ()
) -> None:
    for one in report.findings:
        told = one._replace(place="").text.strip(" ,:")
        hint = f"if you know what it does: pickle_allow, or --allow {one.name}" if one.name else ""
        place = one.place.replace("the file", name, 1)
        finding = AuditFinding("pickles", place.rstrip(":"), told, hint)
        if absent and one.name is not None and "neither" in one.what:
            hint = f"the cache lacks the wheels {', '.join(absent[:MAX_NAMES])}: build here once"
            found.skipped.append(AuditFinding("pickles", place.rstrip(":"), told, hint))
        else:
            found.findings.append(finding)
    for unknown in report.unknown:
        hint = "audit the project or the package, whose lock and code tell what it is"
        found.skipped.append(AuditFinding("pickles", name, f"{unknown} {UNKNOWN}", hint))
    for skipped in report.skipped:
        found.skipped.append(AuditFinding("pickles", name, f"not looked into: {skipped}"))


def _wheel_licences(modules: WheelModules) -> dict[str, Licence]:
    """``name-version`` → licence."""
    found = modules.metadata()
    return {
        "-".join(name.split("-")[:2]): licences_of(text) for name, text in sorted(found.items())
    }


def _licences(found: AuditResult, licences: Mapping[str, Licence], deny: Sequence[str]) -> None:
    """Licences as found, and those that are denied."""
    for name, licence in licences.items():
        found.licences[name] = licence.text
        wrong = denied(licence, deny)
        if wrong:
            hint = f"leave it out, or take {wrong} from deny_licenses"
            what = f"has the licence {licence.text}, which {wrong} denies"
            found.findings.append(AuditFinding("licences", name, what, hint))
        elif licence.kind == "none" and deny:
            what = "names no licence, so the list can't be held against it"
            found.skipped.append(AuditFinding("licences", name, what, "read its sources"))
    found.told["licences"] = f"{len(licences)} wheels"


def denied(licence: Licence, deny: Sequence[str]) -> str | None:
    """The first pattern of ``deny`` that a licence can't do without; None if it can.

    Of an expression with OR, each alternative must be denied. Case doesn't count.
    """
    hit = None
    for choice in _choices(licence):
        names = (
            [choice, *re.findall(r"[\w.+-]+", choice)] if licence.kind == "expression" else [choice]
        )
        wrong = (
            pattern
            for pattern in deny
            if any(fnmatch.fnmatchcase(name.lower(), pattern.lower()) for name in names)
        )
        hit = next(wrong, None)
        if hit is None and licence.kind == "expression":
            return None
        if hit is not None and licence.kind != "expression":
            return hit
    return hit


def _choices(licence: Licence) -> list[str]:
    """The alternatives of an expression; the whole if it has parentheses."""
    if licence.kind != "expression":
        return [licence.text, *licence.names]
    text = licence.names[0]
    return [text] if "(" in text else re.split(r"\s+OR\s+", text)


def _imports(found: AuditResult, code: Sequence[Path], top: Path, modules: WheelModules) -> None:
    """Modules that code imports and no locked distribution has."""
    imports, held = imported_modules(code, top), modules.tops()
    for name, file in sorted(imports.modules.items()):
        first = name.partition(".")[0]
        if first in held or name in imports.optional or _is_own(modules, first):
            continue
        place = file.relative_to(top).as_posix()
        if modules.absent:
            what = f"imports {name}, and not every locked wheel is in the cache"
            found.skipped.append(AuditFinding("imports", place, what, "build here once"))
        else:
            what = f"imports {name}, which no locked distribution has"
            hint = "add what provides it to the requirements, or remove the import"
            found.findings.append(AuditFinding("imports", place, what, hint))
    for file in imports.broken:
        place = file.relative_to(top).as_posix()
        found.skipped.append(AuditFinding("imports", place, "is not valid Python", FILENAME))
    found.told["imports"] = f"{len(code)} modules of the code"


def _is_own(modules: Modules, name: str) -> bool:
    """Whether the project's code has the module, as a member of a solution may."""
    return modules.find(name) is not None
