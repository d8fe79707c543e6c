"""``pyproject.toml``: dependencies, extras and groups of a project, and uv's sources of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from packaging.dependency_groups import DependencyGroupResolver
from packaging.markers import InvalidMarker, Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import NormalizedName, canonicalize_name

from packager.environment.formats import poetry_project, values
from packager.environment.formats.selection import DependencySelection
from packager.errors import UsageError
from packager.text import without_credentials

NAME = "pyproject.toml"
SPECIAL = frozenset({"git", "url", "path", "workspace"})
"""Keys of a source in ``tool.uv.sources`` that name no index."""


def is_declared(content: Mapping[str, Any]) -> bool:
    """Whether a ``pyproject.toml`` declares dependencies, rather than only settings of tools."""
    project, tool = content.get("project"), content.get("tool")
    return (
        (isinstance(project, dict) and "dependencies" in project)
        or bool(content.get("dependency-groups"))
        or (isinstance(tool, dict) and poetry_project.is_declared(tool.get("poetry")))
    )


def lines(content: Mapping[str, Any], selection: DependencySelection, folder: Path) -> list[str]:
    """The project's dependencies, and those of the wanted extras and groups.

    ``folder`` is the project's; members of a workspace are searched below it. Raises
    ``UsageError`` for an unknown extra or group, and for what is no dependency.
    """
    project = values.table(content.get("project"), "project", NAME)
    tool = values.table(content.get("tool"), "tool", NAME)
    poetry = values.table(tool.get("poetry"), "tool.poetry", NAME)
    uv = values.table(tool.get("uv"), "tool.uv", NAME)
    if not is_declared(content):
        raise _undeclared(project, tool)
    pythons = project.get("requires-python")
    if pythons is not None:
        values.check_python(values.text(pythons, "project.requires-python", NAME), NAME, selection)
    if poetry_project.is_declared(poetry) and "dependencies" not in project:
        return poetry_project.lines(poetry, selection, NAME)
    if "dependencies" not in project and "dependencies" in _dynamic(project):
        raise _undeclared(project, tool)  # groups alone would leave them out
    groups = _groups(content, uv, poetry)
    values.check_known("group", selection.groups, groups, NAME)
    selected = list(_selected_requirements(project, groups, selection))
    sources = values.table(uv.get("sources"), "tool.uv.sources", NAME)
    located = {str(canonicalize_name(name)): source for name, source in sources.items()}
    return [
        *poetry_project.index_lines(poetry, NAME),
        *dict.fromkeys(
            line
            for one in selected
            for line in _located(one, located.get(canonicalize_name(one.name)), folder)
        ),
    ]


def located_lines(folder: Path, selection: DependencySelection) -> dict[str, str]:
    """Canonical name → requirement of each dependency that ``tool.uv.sources`` locates.

    ``folder`` is the project's; a path begins with a dot and counts from there. The metadata of
    its wheel have names only. Extras that the project lacks are left out. Raises ``UsageError``
    for what is no source.
    """
    file = folder / NAME
    content = values.read_toml(file, folder) if file.is_file() else {}
    tool = values.table(content.get("tool"), "tool", NAME)
    uv = values.table(tool.get("uv"), "tool.uv", NAME)
    sources = values.table(uv.get("sources"), "tool.uv.sources", NAME)
    located = {str(canonicalize_name(name)): source for name, source in sources.items()}
    if not located:
        return {}
    project = values.table(content.get("project"), "project", NAME)
    declared = values.table(project.get("optional-dependencies"), "optional-dependencies", NAME)
    known = tuple(
        e for e in selection.extras if canonicalize_name(e) in map(canonicalize_name, declared)
    )
    by_name: dict[str, str] = {}
    for one in _selected_requirements(project, {}, DependencySelection(selection.target, known)):
        name = str(canonicalize_name(one.name))
        if name in located and selection.applies(one.marker):
            lines = [line for line in _located(one, located[name], folder) if line != str(one)]
            by_name.update((name, line) for line in lines)
    return by_name


def _dynamic(project: Mapping[str, Any]) -> list[str]:
    return values.texts(project.get("dynamic"), "project.dynamic", NAME)


def _undeclared(project: Mapping[str, Any], tool: Mapping[str, Any]) -> UsageError:
    if "dependencies" in _dynamic(project):
        setuptools = values.table(tool.get("setuptools"), "tool.setuptools", NAME)
        table = values.table(setuptools.get("dynamic"), "tool.setuptools.dynamic", NAME)
        dependencies = table.get("dependencies")
        file = dependencies.get("file") if isinstance(dependencies, dict) else None
        named = file[0] if isinstance(file, list) and file else file
        return UsageError(
            f"{NAME}: expected `project.dependencies`, got them as dynamic, which only the build "
            "of the project knows",
            f'write [requirements] file = "{named or "requirements.txt"}" in package.toml'
            + ("" if named else ", with the dependencies in that file"),
        )
    return UsageError(
        f"{NAME}: expected `project.dependencies`, `dependency-groups` or "
        "`tool.poetry.dependencies`, got none of them",
        "add them, or write a requirements.txt",
    )


def _selected_requirements(
    project: Mapping[str, Any], groups: Mapping[str, Any], selection: DependencySelection
) -> Iterator[Requirement]:
    """The dependencies, and those of the wanted groups and extras.

    A requirement of the project itself (``NAME[EXTRA]``) adds that extra of it: an index may have
    another package under its name.
    """
    key = "project.optional-dependencies"
    declared = values.table(project.get("optional-dependencies"), key, NAME)
    values.check_known("extra", selection.extras, declared, NAME)
    extras = {
        canonicalize_name(n): values.texts(v, f"{key}.{n}", NAME) for n, v in declared.items()
    }
    own, seen = canonicalize_name(str(project.get("name", ""))), set[NormalizedName]()
    listed = values.texts(project.get("dependencies"), "project.dependencies", NAME)
    waiting: list[NormalizedName | list[Requirement]] = [
        [requirement(one, "project.dependencies", NAME) for one in listed],
        *map(canonicalize_name, selection.extras),
        list(_of_groups(groups, selection)),
    ]
    while waiting:
        batch = waiting.pop(0)
        if isinstance(batch, str):
            if batch in seen:
                continue
            seen.add(batch)
            values.check_known("extra", [batch], declared, NAME)
            batch = [requirement(extra, f"{key}.{batch}", NAME) for extra in extras[batch]]
        for one in batch:
            if canonicalize_name(one.name) != own:
                yield one
            elif selection.applies(one.marker):
                waiting[:0] = sorted(map(canonicalize_name, one.extras))


def requirement(line: str, key: str, called: str) -> Requirement:
    """``line`` as a requirement; raises ``UsageError``."""
    try:
        return Requirement(line)
    except InvalidRequirement as error:
        raise UsageError(
            f"{called}: `{key}`: expected a requirement, got {values.display(line)}",
            'write it as "NAME>=VERSION"',
        ) from error


def _groups(
    content: Mapping[str, Any], uv: Mapping[str, Any], poetry: Mapping[str, Any]
) -> dict[str, Any]:
    groups = values.table(content.get("dependency-groups"), "dependency-groups", NAME)
    requirements = {
        name: values.items(v, f"dependency-groups.{name}", NAME) for name, v in groups.items()
    }
    older = values.texts(uv.get("dev-dependencies"), "tool.uv.dev-dependencies", NAME)
    if older:
        requirements["dev"] = [*requirements.get("dev", ()), *older]
    for name in poetry_project.group_names(poetry, NAME):
        requirements.setdefault(name, []).extend(poetry_project.group_lines(poetry, name, NAME))
    return requirements


def _of_groups(groups: Mapping[str, Any], selection: DependencySelection) -> Iterator[Requirement]:
    if not selection.groups:
        return
    try:
        resolver = DependencyGroupResolver(groups)
        for group in selection.groups:
            yield from resolver.resolve(group)
    except (ExceptionGroup, ValueError, TypeError) as error:
        reasons = error.exceptions if isinstance(error, ExceptionGroup) else (error,)
        reasons_text = "; ".join(map(str, reasons))
        raise UsageError(
            f"{NAME}: `dependency-groups`: {without_credentials(reasons_text)[:300]}",
            'a group lists requirements and { include-group = "NAME" }',
        ) from error


def _located(required: Requirement, source: Any, folder: Path) -> Iterator[str]:
    """``required`` at the addresses that ``tool.uv.sources`` names for it."""
    if source is None:
        yield str(required)
        return
    key = f"tool.uv.sources.{required.name}"
    several = isinstance(source, list)
    for table in values.tables(source if several else [source], key, NAME):
        if not SPECIAL & table.keys():
            if not several or table is source[0]:
                yield str(required)  # ``project_index`` ties it to its index
            continue
        marker = _both(required.marker, table.get("marker"), key)
        address = _address(required, table, key, folder)
        extras = f"[{','.join(sorted(required.extras))}]" if required.extras else ""
        end = f" ; {marker}" if marker else ""
        if address[0] == ".":
            yield f"{address}{extras}{end}"
        else:
            yield str(requirement(f"{required.name}{extras} @ {address}{end}", key, NAME))


def _address(required: Requirement, source: Mapping[str, Any], key: str, folder: Path) -> str:
    """The URL of a source, or its path from the project's folder, which begins with a dot."""
    if "workspace" in source:
        return _member(required.name, folder)
    if "path" in source:
        path = values.text(source["path"], f"{key}.path", NAME)
        return path if path.startswith(("./", "../")) else f"./{path}"
    kind = "git" if "git" in source else "url"
    address = values.text(source[kind], f"{key}.{kind}", NAME)
    if kind == "git":
        at = next((source[name] for name in ("rev", "tag", "branch") if name in source), None)
        address = f"git+{address}" + (f"@{values.text(at, key, NAME)}" if at is not None else "")
    inner = source.get("subdirectory")
    return address if inner is None else f"{address}#subdirectory={values.text(inner, key, NAME)}"


def _member(name: str, folder: Path) -> str:
    """The path of a member of the workspace in ``folder``."""
    own = values.read_toml(folder / NAME, folder) if (folder / NAME).is_file() else {}
    workspace = own.get("tool", {}).get("uv", {}).get("workspace", {})
    for pattern in values.texts(workspace.get("members"), "tool.uv.workspace.members", NAME):
        if pattern.startswith(("/", "..")):
            continue
        for path in sorted(folder.glob(pattern)):
            if (path / NAME).is_file():
                member = values.read_toml(path / NAME, folder)
                table = values.table(member.get("project"), "project", NAME)
                if canonicalize_name(str(table.get("name", ""))) == canonicalize_name(name):
                    return f"./{path.relative_to(folder).as_posix()}"
    raise UsageError(
        f"{NAME}: `tool.uv.sources.{name}`: expected a member of the workspace in the project's "
        "folder, got none of that name",
        f'write {name} = {{ path = "PATH" }} with a path within the project',
    )


def _both(marker: Marker | None, other: Any, key: str) -> str:
    texts = [str(marker)] if marker else []
    if other is not None:
        try:
            texts.append(str(Marker(values.text(other, f"{key}.marker", NAME))))
        except InvalidMarker as error:
            raise UsageError(
                f"{NAME}: `{key}.marker`: expected a marker, got {values.display(other)}",
                "write it as \"sys_platform == 'linux'\"",
            ) from error
    return " and ".join(f"({text})" for text in texts) if len(texts) > 1 else "".join(texts)
