"""Reads and validates ``package.toml``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ConfigDict, ValidationError, model_validator

from packager.confinement import (
    is_outside_project,
    parse_toml,
    refuse_leaving,
    refuse_special,
    small_text,
)
from packager.environment.platform import MACHINES
from packager.errors import UsageError
from packager.location import Location
from packager.manifest.base import FeatureForm, FrozenModel, Task
from packager.manifest.dvc_version import DvcVersion
from packager.manifest.label_schemes import TableVersion
from packager.manifest.outputs import Output, targets_of
from packager.manifest.policy import Policy
from packager.project.answers import check_answers
from packager.project.card_section import CardSection
from packager.project.case_rules import check_cases
from packager.project.config_errors import FILENAME as FILENAME
from packager.project.config_errors import explain_mistake
from packager.project.dvc.outputs import DvcAddress, dvc_address
from packager.project.entry_modules import check_modules, entrypoints
from packager.project.label_rules import check_labels
from packager.project.requirements_choice import check_choice, chosen_file, missing_hint
from packager.project.sections import (
    DataSection,
    ImageSection,
    MemberSection,
    ModelSection,
    MonitoringSection,
    OutputName,
    OutputSection,
    PackageSection,
    RecipeSection,
    RequirementsSection,
    ServeSection,
    SlicesSection,
)
from packager.project.solution_rules import check_solution
from packager.project.split_rules import check_split
from packager.project.trust_section import TrustSection

INTERNAL_FIELDS = ("directory", "exported", "tracked", "solution_folder")
"""Fields of a project that are not keys of ``package.toml``."""


class Project(FrozenModel):
    """The content of ``package.toml``, and the project's folder."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    directory: Path
    exported: TableVersion | None = None
    """Table version that the data source was exported from; set by a build, not a key."""
    tracked: DvcVersion | None = None
    """The data source that DVC tracks; set by a build, not a key."""
    solution_folder: Path | None = None
    """The folder of a solution's members, set by a build; not a key."""
    package: PackageSection
    member: tuple[MemberSection, ...] = ()
    outputs: dict[OutputName, OutputSection] = {}
    data: DataSection | None = None
    recipe: RecipeSection | None = None
    model: ModelSection | None = None
    requirements: RequirementsSection = RequirementsSection()
    serve: ServeSection = ServeSection()
    slices: SlicesSection = SlicesSection()
    monitoring: MonitoringSection = MonitoringSection()
    test: Policy = Policy()
    image: ImageSection = ImageSection()
    card: CardSection = CardSection()
    trust: TrustSection = TrustSection()

    @model_validator(mode="before")
    @classmethod
    def _one_model_source(cls, value: dict[str, Any]) -> dict[str, Any]:
        sections = [
            name for name in ("[recipe]", "[model]", "[[member]]") if name.strip("[]") in value
        ]
        if len(sections) != 1:
            got = " and ".join(sections) or "none"
            raise ValueError(f"expected one of [recipe], [model] and [[member]], got {got}")
        if "recipe" in value and "data" not in value:
            raise ValueError("expected [data] with [recipe], got none")
        return value

    @model_validator(mode="after")
    def _one_place_for_answers(self) -> Project:
        check_answers(self.package, self.outputs, self.data)
        if self.outputs and self.serve.classes is not None:
            raise ValueError("`serve.classes`: expected none with [outputs], which have their own")
        return self

    @model_validator(mode="after")
    def _complete_solution(self) -> Project:
        check_solution(self.package, self.member, self.data)
        return self

    @property
    def task(self) -> Task:
        """``[package] task``, or ``outputs``."""
        return self.package.task or "outputs"

    @property
    def declared_outputs(self) -> tuple[Output, ...]:
        """``[outputs]``, in its order."""
        return tuple(section.output(name) for name, section in self.outputs.items())

    @property
    def targets(self) -> tuple[str, ...]:
        """The columns with right answers."""
        target = self.data.target if self.data else None
        return (target,) if target else targets_of(self.declared_outputs)

    @property
    def repository(self) -> str:
        """Repository of the image's tag: ``[image] repository``, or the package's name."""
        return self.image.repository or self.package.name

    @property
    def features(self) -> FeatureForm:
        """The form in which the recipe and the model get the features."""
        section = self.recipe or self.model
        return "frame" if section is None else section.features

    @property
    def requirements_file(self) -> str:
        """The requirements file that is named, else the only one in the project's folder.

        Raises ``UsageError`` if there are several.
        """
        return chosen_file(self.directory, self.requirements)

    @property
    def table(self) -> Location | None:
        """The location of the data if it is a versioned table, else None."""
        if self.exported is not None:
            return Location.parse(self.exported.table, self.directory)
        source = self.data.source if self.data else ""
        marked = source.startswith("delta:") or "://" in source
        if not source or not (marked or (self._named_table(source) / "_delta_log").is_dir()):
            return None
        return Location.parse(source, self.directory)

    @property
    def dvc(self) -> DvcAddress | None:
        """The version of the data in DVC, if DVC tracks the source, else None."""
        return dvc_address(self.data.source) if self.data and self.exported is None else None

    def _named_table(self, source: str) -> Path:
        name, at, number = source.rpartition("@")
        return self.path(name if at and number.isdigit() else source)

    @property
    def path_keys(self) -> list[tuple[str, str]]:
        """(key, value) of keys that name files or folders of data or of a pretrained model."""
        data, model, table = self.data, self.model, self.table
        source = data.source if data and table is None else table and table.path
        source = self.dvc.file if self.dvc else source
        named = {
            "data.source": str(source) if source else None,
            "data.split.file": data.split.file if data else None,
            "model.path": model.path if model else None,
        }
        named |= {
            f"member {one.name}": one.package
            for one in self.member
            if self.path(one.package).exists()
        }
        return [(key, name) for key, name in named.items() if name]

    def path(self, name: str) -> Path:
        """The absolute path of ``name``, which is relative to the project's folder."""
        return (self.directory / name).resolve()


def load_project(directory: Path) -> Project:
    """Read and check ``directory/package.toml``; raises ``UsageError`` for the first mistake."""
    if directory.name == FILENAME and directory.is_file():
        directory = directory.parent
    file = directory / FILENAME
    if not file.is_file():
        raise UsageError(
            f"{file}: no such file",
            f"run `package init {directory}` for a starter project, or name the project's folder",
        )
    refuse_leaving(file, directory.absolute())
    small_text(file, FILENAME)
    try:
        content = parse_toml(file.read_text(encoding="utf-8-sig"), FILENAME)
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{FILENAME}: expected UTF-8, got byte 0x{error.object[error.start]:02x}",
            "save it as UTF-8: editors call the other forms UTF-16, Unicode or ANSI",
        ) from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{FILENAME}: not valid TOML: {error}", "fix that line") from error
    for name in INTERNAL_FIELDS:
        if name in content:
            raise UsageError(f"{FILENAME}: unknown key `{name}`", "leave it out")
    try:
        project = Project.model_validate({**content, "directory": directory.resolve()})
    except ValidationError as error:
        raise explain_mistake(error, Project, INTERNAL_FIELDS) from error
    project = _split_by_groups(project)
    _check_platforms(project)
    if project.data is not None:
        check_split(project.data.split, project.outputs)
        check_labels(project.data, is_table=project.table is not None)
    _check_files(project)
    check_cases(project.test.case, project.task, project.declared_outputs, project.directory)
    flow = project.package.flow
    own = project.monitoring.embedding
    called = entrypoints(project.serve.predictor, project.recipe, project.test.case, flow, own)
    check_modules(project.directory, {f"{FILENAME}: `{k}`": v for k, v in called.items()})
    return project


def _split_by_groups(project: Project) -> Project:
    """``project`` with rows of a group of ``[test] groups`` in one part of a split by hash.

    A group in both parts would make held-out rows look like independent ones. A declared ``by``,
    time or file stays as it is.
    """
    data, groups = project.data, project.test.groups
    if data is None or not groups or data.split.by or data.split.time or data.split.file:
        return project
    split = data.split.model_copy(update={"by": groups})
    return project.model_copy(update={"data": data.model_copy(update={"split": split})})


def _check_platforms(project: Project) -> None:
    """Raise ``UsageError`` for a platform twice, or several of a solution."""
    named = project.image.platforms
    if len({*named}) < len(named):
        raise UsageError(
            f"{FILENAME}: `image.platforms`: expected each platform once, got {', '.join(named)}",
            "leave out the second one",
        )
    if len(named) > 1 and project.member:
        raise UsageError(
            f"{FILENAME}: `image.platforms`: expected one platform of a solution, got {len(named)}",
            "build it on a machine of each platform",
        )


def for_platforms(project: Project, text: str) -> Project:
    """``project`` for the platforms of ``--platform``; raises ``UsageError`` for unknown ones."""
    named = tuple(part.strip() for part in text.split(","))
    if unknown := [name for name in named if name not in MACHINES]:
        raise UsageError(
            f"--platform: expected {' or '.join(MACHINES)}, separated by commas, "
            f"got {unknown[0]!r}",
            "for example --platform linux/amd64,linux/arm64",
        )
    image = project.image.model_copy(update={"platforms": named})
    changed = project.model_copy(update={"image": image})
    _check_platforms(changed)
    return changed


def _check_files(project: Project) -> None:
    """Raise ``UsageError`` if a file that ``package.toml`` names is missing or not allowed."""
    own = {"requirements.file": project.requirements_file}
    if project.model is not None and project.model.origin is not None:
        own["model.origin"] = project.model.origin
    named = {**own, **dict(project.path_keys)}
    table = project.table
    if table and table.path and not (table.path / "_delta_log").is_dir():
        raise UsageError(
            f"{FILENAME}: `data.source`: expected a table with versions at "
            f"{table.path}, got none there",
            "make one with `package data add FILE --table NAME`",
        )
    check_choice(project.directory, project.requirements)
    for key, name in named.items():
        outside = is_outside_project(project.directory, name)
        if outside and key in own:
            raise UsageError(
                f"{FILENAME}: `{key}`: expected a file within the project, got {name}",
                "copy it into the project's folder",
            )
        refuse_special(project.path(name), f"{FILENAME}: `{key}`")
        if not project.path(name).exists():
            relative = f"the path is relative to {project.directory}"
            hint = missing_hint(project.directory, name) if key == "requirements.file" else None
            raise UsageError(
                f"{FILENAME}: `{key}`: expected a file or folder at {name}, which does not exist",
                hint or relative,
            )
