"""The members of a built solution: their packages, compared with the solution's manifest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from modelhost.solution.spec import FILE, MEMBERS, SolutionSpec, member_folder
from packager.digest import sha256_bytes, sha256_file
from packager.errors import PackageError
from packager.image.config import MEMBERS_DATA
from packager.image.layers import Layer
from packager.manifest.manifest import Lock
from packager.manifest.solution import Solution, SolutionMember
from packager.model.integrity import MISSING, NO_FILE, IntegrityCheck, check_before_loading
from packager.model.paths import Root
from packager.project.sections import MemberSection
from packager.solutions.member_data import FOLDER, data_files
from packager.solutions.member_package import MemberPackage
from packager.tar_reader import unpack_plain

AS_RECORDED = "as its manifest says"


@dataclass(frozen=True)
class OpenedMember:
    """A member of a built solution."""

    record: SolutionMember
    package: MemberPackage
    root: Root
    """The folder with its ``code``, ``models`` and ``package``."""


@dataclass(frozen=True)
class OpenedSolution:
    """The members of a built solution, and the checks of them."""

    members: tuple[OpenedMember, ...]
    """The members whose records can be read."""
    checks: tuple[IntegrityCheck, ...]
    data: dict[str, Path]
    """sha256 → file, of the training data that the solution holds for its members."""

    @property
    def sound(self) -> bool:
        """Whether every check is ok."""
        return all(check.ok for check in self.checks)


def open_solution(
    layers: Sequence[Layer], solution: Solution, lock: Lock, folder: Path
) -> OpenedSolution:
    """Unpack the members in ``layers`` below ``folder``, and compare them with the manifest.

    ``lock``: that of the solution. Raises ``PackageError`` for a layer that can't be unpacked.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for layer in layers:
        if layer.name in ("model", MEMBERS_DATA):
            with layer.members() as members:
                unpack_plain(members, folder, inside=True)
    location = folder / "models" / "model"
    opened: list[OpenedMember] = []
    checks: list[IntegrityCheck] = []
    for record in solution.members:
        try:
            member = _opened(record, location)
        except (PackageError, OSError, ValueError) as error:
            checks.append(_check(f"member {record.name}: records", AS_RECORDED, str(error)))
            continue
        opened.append(member)
        checks += _member_checks(member, lock)
    names = {record.name for record in solution.members}
    present = {path.name for path in (location / MEMBERS).glob("*")}
    checks += [_check(f"member {name}", NO_FILE, "a folder") for name in sorted(present - names)]
    if len(opened) == len(solution.members):
        checks.append(_spec_check(opened, solution, location))
    by_digest = {path.name: path for path in sorted((folder / FOLDER).glob("*"))}
    checks += _data_checks(opened, by_digest)
    return OpenedSolution(tuple(opened), tuple(checks), by_digest)


def _opened(record: SolutionMember, path: Path) -> OpenedMember:
    fields = {name: getattr(record, name) for name in ("name", "package", "process")}
    more = {name: getattr(record, name) for name in ("deadline", "on_error", "truth")}
    section = MemberSection(**fields, **more)
    return OpenedMember(
        record, MemberPackage.load(section, path), Root(member_folder(path, record.name))
    )


def _member_checks(member: OpenedMember, lock: Lock) -> Iterator[IntegrityCheck]:
    record, package = member.record, member.package
    called = f"member {record.name}"
    yield _check(f"{called}: root", record.root, package.manifest.root)
    if package.manifest.root == record.root:
        yield _check(f"{called}: record", str(package.record(record.process)), str(record))
        try:
            check_before_loading(package.manifest, member.root)
            actual = AS_RECORDED
        except PackageError as error:
            actual = error.message.removeprefix(f"{member.root.path}/")
        yield _check(f"{called}: files", AS_RECORDED, actual)
    needed = [wheel.sha256 for wheel in package.lock.wheels_of("model")]
    if record.process == "own":
        checks = [*lock.members.get(record.name, ())]
    else:
        has = {wheel.sha256 for wheel in lock.wheels_of("model")}
        checks = [digest for digest in needed if digest in has]
    yield _check(f"{called}: wheels", _summary(needed), _summary(checks))


def _spec_check(
    opened: Sequence[OpenedMember], solution: Solution, location: Path
) -> IntegrityCheck:
    specs = tuple(one.package.spec(one.record.process) for one in opened)
    encoded = SolutionSpec(solution.flow, specs).as_json().encode()
    path = location / FILE
    actual = sha256_file(path) if path.is_file() else MISSING
    return _check(f"model/{FILE}", sha256_bytes(encoded), actual)


def _data_checks(
    opened: Sequence[OpenedMember], by_digest: dict[str, Path]
) -> Iterator[IntegrityCheck]:
    """A check of each file, and of each member whose data is there in part."""
    known: set[str] = set()
    for one in opened:
        names_by_digest = {
            entry.sha256: name for name, entry in data_files(one.package.manifest).items()
        }
        known |= names_by_digest.keys()
        if by_digest and names_by_digest:
            absent = [name for digest, name in names_by_digest.items() if digest not in by_digest]
            actual = f"no {absent[0]}" if absent else AS_RECORDED
            yield _check(f"member {one.record.name}: data", AS_RECORDED, actual)
    for name, path in by_digest.items():
        expected = name if name in known else NO_FILE
        yield _check(f"members data: {name[:12]}", expected, sha256_file(path))


def _summary(digests: Sequence[str]) -> str:
    whole = sha256_bytes("\n".join(sorted(digests)).encode())
    return f"{len(digests)} wheels, {whole[:12]}"


def _check(name: str, expected: str, actual: str) -> IntegrityCheck:
    return IntegrityCheck(name=name, expected=expected, actual=actual, ok=expected == actual)
