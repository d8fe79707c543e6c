"""The package of a member, unpacked into the folder of a solution's model."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from modelhost.columns import ColumnSpec
from modelhost.solution.spec import MemberSpec, member_folder
from packager.errors import UsageError
from packager.image.reference import Reference
from packager.manifest.manifest import Lock, Manifest
from packager.manifest.solution import SolutionMember
from packager.model.integrity import check_before_loading
from packager.model.paths import Root
from packager.project.sections import MemberSection
from packager.solutions.flow_check import MemberFacts
from packager.tar_reader import unpack_plain

Process = Literal["inline", "own"]
LAYERS = ("code", "model", "package")
"""The layers of a package that its member consists of, beside the dependencies."""


@dataclass(frozen=True)
class MemberPackage:
    """A member: its section in ``package.toml``, and the records of its package."""

    section: MemberSection
    manifest: Manifest
    lock: Lock
    modules: frozenset[str]
    """The top-level modules of its code."""

    @classmethod
    def load(cls, section: MemberSection, solution: Path) -> MemberPackage:
        """From the folder that ``unpack_member`` wrote; raises ``PackageError``."""
        root = Root(member_folder(solution, section.name))
        manifest = Manifest.load(root.package / "manifest.json")
        lock = Lock.load(root.package / "lock.json")
        return cls(section, manifest, lock, top_modules(entry.path for entry in manifest.code))

    def record(self, process: Process) -> SolutionMember:
        """For the solution's manifest."""
        section, manifest = self.section, self.manifest
        return SolutionMember(
            name=section.name,
            package=manifest.name,
            version=manifest.version,
            root=manifest.root,
            process=process,
            deadline=section.deadline,
            on_error=section.on_error,
            truth=section.truth,
        )

    def facts(self) -> MemberFacts:
        """The columns and answers that the flow may use."""
        schema = self.manifest.schema_
        outputs = [output.name for output in schema.outputs]
        return MemberFacts(
            needed=[feature.name for feature in schema.features if feature.default is None],
            outputs=outputs if len(outputs) > 1 else [],
            classes=schema.probability_classes,
        )

    def spec(self, process: Process) -> MemberSpec:
        """For the process of the flow."""
        section, schema, serve = self.section, self.manifest.schema_, self.manifest.serve
        return MemberSpec(
            name=section.name,
            process=process,
            deadline=section.deadline,
            on_error=section.on_error,
            truth=section.truth,
            task=self.manifest.task,
            predictor=serve.predictor,
            loader=serve.loader,
            takes=serve.features,
            classes=serve.classes,
            outputs=tuple(output.spec for output in schema.outputs),
            features=tuple(ColumnSpec.of(column) for column in schema.features),
            defaults={c.name: c.default for c in schema.features if c.default is not None},
            pickle_allow=serve.pickle_allow,
        )


def unpack_member(section: MemberSection, reference: Reference, solution: Path) -> None:
    """Write code, model and records of a member's package below ``solution``, verified.

    Raises ``UsageError`` for a solution, and ``PackageError`` for files that differ from the
    package's manifest.
    """
    if reference.manifest.solution is not None:
        raise UsageError(
            f"[[member]] {section.name}: expected a package of one model, got the solution"
            f" {reference.name}",
            "name its members instead",
        )
    folder = member_folder(solution, section.name)
    folder.mkdir(parents=True)
    for layer in reference.image(base=False).layers:
        if layer.name in LAYERS:
            with layer.members() as members:
                unpack_plain(members, folder, inside=True)
    (folder / "code").mkdir(exist_ok=True)
    for cache in sorted(folder.rglob("__pycache__")):  # it names the package's own folders
        shutil.rmtree(cache)
    check_before_loading(reference.manifest, Root(folder))


def top_modules(code: Iterable[str]) -> frozenset[str]:
    """The names that files of a project's code, by posix path, can be imported by."""
    modules = set()
    for name in code:
        inside = name.removeprefix("src/")
        first, _, rest = inside.partition("/")
        if inside.endswith(".py"):
            modules.add(first if rest else first.removesuffix(".py"))
    return frozenset(modules)
