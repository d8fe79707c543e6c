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
from packager.manifest.manifest import Lock, Manifest, Wheel
from packager.model.integrity import IntegrityCheck, is_bytecode, verify_folder
from packager.project.config import FILENAME, Project
from packager.project.files import list_files
from packager.project.required_secrets import secret_reason
from packager.project.secrets import is_text, secrets_in
from packager.tar_reader import unpack_plain
from packager.text import listed
from packager.trust.audit_report import AuditFinding, AuditResult
from packager.trust.licences import Licence, licences_of
from packager.trust.verified import run_checks
from packager.trust.wheel_licences import readable_licences
from packager.trust.wheel_modules import WheelModules

FOLDERS = ("code", "models")
"""Folders of an image that are unpacked for the audit, of whatever layer above its base."""
UNKNOWN = "is of a library that is unknown here"
ROTATE = (
    "rotate it: it is in every copy and older version too; then read it from the environment or a"
    " file that is mounted"
)
ABSENT_HINT = "build its project here once, which downloads them"
MAX_NAMES = 3
MAX_TEXT = 64 << 20
"""Bytes of the longest text that is searched for secrets."""
_DIGEST = re.compile(r"\b([0-9a-f]{16})[0-9a-f]{48}\b")
"""A sha256, of which the first characters are shown."""


def audit_file(path: Path, allow: Sequence[str] = ()) -> AuditResult:
    """Audit one file or folder: its pickles, by the shipped lists and the names of libraries."""
    audit = AuditResult(str(path))
    report = audit_model(path, Judge(NoModules(), allow))
    _pickles(audit, path.name, report)
    audit.scanned["pickles"] = f"{report.pickles} read to their end"
    return audit


def audit_project(project: Project, deny: Sequence[str] = ()) -> AuditResult:
    """Audit a project's code, model and locked wheels; ``deny``: licences, beside its own list."""
    audit = AuditResult(str(project.directory))
    listed = list_files(project, refuse_secrets=False)
    held = {name: project.directory / name for name in listed.code.secrets}
    code = {**listed.code.files, **held}
    files = {**code, **{f"model: {name}": path for name, path in listed.model.items()}}
    lock = load_lock(project.directory / LOCK)
    wheels = () if lock is None else _of_model(lock.wheels)
    if lock is None:
        hint = "run `package build` once, which writes it"
        audit.skipped.append(AuditFinding("licences", LOCK, "is not there", hint))
    own = (project.directory, project.directory / "src")
    with WheelModules(own, wheels) as modules:
        allow = project.serve.pickle_allow
        _files(audit, files, Judge(NoModules() if lock is None else modules, allow), modules)
        if lock is not None:
            _licences(
                audit, _cached_licences(audit, modules), (*project.trust.deny_licenses, *deny)
            )
            modules_of_code = [path for path in code.values() if path.suffix == ".py"]
            _imports(audit, modules_of_code, project.directory, modules)
    return audit


def audit_reference(
    reference: Reference, allow: Sequence[str] = (), deny: Sequence[str] = ()
) -> AuditResult:
    """Audit a package's code, model and wheels; licences are read from the image.

    What its own package.toml allows counts for nothing: ``allow`` and ``deny`` are the auditor's.
    """
    audit = AuditResult(reference.name)
    own_names = sorted(set(reference.manifest.serve.pickle_allow) - set(allow))
    for name in own_names:
        hint = f"if you trust it, add --allow {name}"
        audit.findings.append(AuditFinding("pickles", name, "is allowed by the package", hint))
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        lock = reference.lock()
        _as_recorded(audit, run_checks(reference))
        count = 0 if lock.base == "none" else len(lock.base.diff_ids)
        for layer in reference.image(base=False).layers[count:]:
            with layer.members() as members:
                unpack_plain(members, folder, inside=True, tops=FOLDERS)
        _as_built(audit, folder, reference.manifest)
        _unpacked(audit, folder, lock, (*allow, *own_names))
    _licences(audit, _image_licences(audit, reference), deny)
    return audit


def _as_built(audit: AuditResult, folder: Path, manifest: Manifest) -> None:
    """Code and model that are not those of the manifest: they may not be what is served."""
    checks = (
        *verify_folder("code", folder / "code", manifest.code, is_bytecode)[1:],
        *verify_folder("model", folder / "models", manifest.model, lambda _: False)[1:],
    )
    _as_recorded(audit, checks)
    audit.scanned["files"] = f"{len(manifest.code)} of the code, {len(manifest.model)} of the model"


def _as_recorded(audit: AuditResult, checks: Iterable[IntegrityCheck]) -> None:
    """Failed checks of the image against its manifest, as findings."""
    for check in checks:
        if not check.ok:
            expected, actual = (_DIGEST.sub(r"\1", text) for text in (check.expected, check.actual))
            what = f"expected {expected} as in the manifest, got {actual}"
            hint = "the package was changed after it was built: get it again from its author"
            audit.findings.append(AuditFinding("files", check.name, what, hint))


def _unpacked(audit: AuditResult, folder: Path, lock: Lock, allow: Sequence[str]) -> None:
    """Audit the unpacked code and model of a package."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    files = {path.relative_to(folder).as_posix(): path for path in paths}
    members = sorted((folder / "models" / "model" / "members").glob("*/code"))
    tops = [folder / "code", *members]
    with WheelModules(
        [p for top in tops for p in (top, top / "src")], _of_model(lock.wheels)
    ) as own:
        _files(audit, files, Judge(own, allow), own)
        for top in tops:
            code = [path for path in paths if path.suffix == ".py" and top in path.parents]
            _imports(audit, code, top, own)


def _of_model(wheels: Iterable[Wheel]) -> tuple[Wheel, ...]:
    """The wheels of the environments that the project's code runs in."""
    return tuple(wheel for wheel in wheels if {"model", "members"} & set(wheel.groups))


def _files(
    audit: AuditResult, files: Mapping[str, Path], judge: Judge, wheels: WheelModules
) -> None:
    """Pickles and secrets of files."""
    pickles = texts = 0
    for name, path in files.items():
        report = audit_model(path, judge)
        pickles += report.pickles
        _pickles(audit, name, report, absent=wheels.absent)
        for secret in secrets_in(path, name, MAX_TEXT):
            audit.findings.append(AuditFinding("secrets", name, secret_reason(secret), ROTATE))
        texts += is_text(path)
        if is_text(path) and path.stat().st_size > MAX_TEXT:
            what = f"is a text of more than {MAX_TEXT:,} bytes, which was not searched"
            audit.skipped.append(
                AuditFinding("secrets", name, what, "search it by another program")
            )
    audit.scanned["pickles"] = f"{pickles} in {len(files)} files, read to their end"
    binary = f"; {len(files) - texts} binary files by their names" if texts < len(files) else ""
    audit.scanned["secrets"] = f"looked for in {texts} texts{binary}"


def _pickles(
    audit: AuditResult, name: str, report: PickleReport, absent: Sequence[str] = ()
) -> None:
    for one in report.findings:
        detail = one._replace(location="").text.strip(" ,:")
        hint = f"if you know what it does: pickle_allow, or --allow {one.name}" if one.name else ""
        location = one.location.replace("the file", name, 1)
        finding = AuditFinding("pickles", location.rstrip(":"), detail, hint)
        if absent and one.name is not None and "neither" in one.what:
            lacking = listed(absent, MAX_NAMES)
            hint = f"the cache lacks the wheels {lacking}: build its project here once"
            audit.skipped.append(AuditFinding("pickles", location.rstrip(":"), detail, hint))
        else:
            audit.findings.append(finding)
    for unknown in report.unknown:
        hint = "audit the project or the package, whose lock and code tell what it is"
        audit.skipped.append(AuditFinding("pickles", name, f"{unknown} {UNKNOWN}", hint))
    for skipped in report.skipped:
        audit.skipped.append(AuditFinding("pickles", name, f"not looked into: {skipped}"))


def _image_licences(audit: AuditResult, reference: Reference) -> dict[str, Licence]:
    """``name-version`` → licence, as the image states it; what it doesn't state is a finding."""
    held, problems = readable_licences(reference)
    for problem in problems:
        audit.findings.append(
            AuditFinding("licences", reference.name, problem.message, problem.hint)
        )
    return {f"{wheel.name}-{wheel.version}": licence for wheel, licence in held}


def _cached_licences(audit: AuditResult, modules: WheelModules) -> dict[str, Licence]:
    """``name-version`` → licence, as the wheels in the cache state it."""
    for name in modules.absent:
        hint = "run `package build` once, which downloads it"
        what = "is not in the cache, so its licence can't be read"
        audit.skipped.append(AuditFinding("licences", name, what, hint))
    read = modules.metadata()
    for name in sorted(modules.opened() - read.keys()):
        what = "has no METADATA, so it states no licence"
        hint = "ask its author for a whole wheel"
        audit.findings.append(AuditFinding("licences", name, what, hint))
    return {"-".join(name.split("-")[:2]): licences_of(text) for name, text in sorted(read.items())}


def _licences(audit: AuditResult, licences: Mapping[str, Licence], deny: Sequence[str]) -> None:
    """Licences as found, and those that are denied."""
    for name, licence in licences.items():
        audit.licences[name] = licence.text
        wrong = denied(licence, deny)
        if wrong:
            hint = f"leave it out, or take {wrong} from deny_licenses"
            what = f"has the licence {licence.text}, which {wrong} denies"
            audit.findings.append(AuditFinding("licences", name, what, hint))
        elif licence.kind == "none" and deny:
            what = "names no licence, so the list can't be held against it"
            audit.skipped.append(AuditFinding("licences", name, what, "read its sources"))
    audit.scanned["licences"] = f"{len(licences)} wheels"


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


def _imports(audit: AuditResult, code: Sequence[Path], top: Path, modules: WheelModules) -> None:
    """Modules that code imports and no locked distribution has."""
    imports, held = imported_modules(code, top), modules.tops()
    for name, file in sorted(imports.modules.items()):
        first = name.partition(".")[0]
        if first in held or name in imports.optional or _is_own(modules, first):
            continue
        location = file.relative_to(top).as_posix()
        if modules.absent:
            what = f"imports {name}, and not every locked wheel is in the cache"
            audit.skipped.append(AuditFinding("imports", location, what, ABSENT_HINT))
        else:
            what = f"imports {name}, which no locked distribution has"
            hint = "add what provides it to the requirements, or remove the import"
            audit.findings.append(AuditFinding("imports", location, what, hint))
    for file in imports.broken:
        location = file.relative_to(top).as_posix()
        audit.skipped.append(AuditFinding("imports", location, "is not valid Python", FILENAME))
    audit.scanned["imports"] = f"{len(code)} modules of the code"


def _is_own(modules: Modules, name: str) -> bool:
    """Whether the project's code has the module, as a member of a solution may."""
    return modules.find(name) is not None
