"""Rejects credentials in files that a package needs, because it can't omit these files.

Files that are not needed are omitted with a warning. If the code then fails to find an omitted
file, ``explain_left_out`` adds that to the error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from packager.environment.code_imports import imported_files, module_file
from packager.errors import PackageError, UsageError
from packager.project.config import FILENAME, Project
from packager.project.secrets import Secret

DATA_FOLDER = "the data is there"
"""Reason for omitting the folder that holds the data."""
_ALWAYS = (FILENAME, "Dockerfile.template")
_MISSING = re.compile(r"no such file|no module named|not found|does not exist|got none", re.I)


def secret_reason(secret: Secret) -> str:
    """Reason for omitting a file."""
    if secret.line is None:
        return f"its name is that of {secret.what}"
    return f"line {secret.line} holds {secret.what}"


def refuse_required_secrets(
    project: Project, files: Mapping[str, Path], secrets: Mapping[str, Secret]
) -> None:
    """Raise ``UsageError`` for a credential in a file that the package can't do without.

    These are ``package.toml``, ``Dockerfile.template``, modules that the recipe or the predictor
    imports, and files whose names occur in the text of one of these modules.
    """
    if not secrets:
        return
    modules = _modules(project)
    names = {path.relative_to(project.directory).as_posix() for path in modules}
    for name, secret in secrets.items():
        if name in names or name in _ALWAYS:
            raise UsageError(
                f"{name}: {secret_reason(secret)}, and the package needs this file: it would go "
                "into the image",
                "read it from the environment or a file that is mounted where it is needed, and "
                "rotate it if others could see it; if it is no secret, name the file in "
                "[image] include",
            )
        reader = _reader(files[name].name, modules)
        if reader is not None:
            shown = reader.relative_to(project.directory).as_posix()
            raise UsageError(
                f"{name}: {secret_reason(secret)}, and {shown} reads it: it would go into "
                "the image",
                "training has no network, so it needs no credential; have the server read it from "
                "the environment or a mounted file; if it is no secret, name the file in "
                "[image] include",
            )


@contextmanager
def explain_left_out(left_out: Mapping[str, str]) -> Iterator[None]:
    """Add to an error about a missing file the hint that the file was omitted, and why."""
    try:
        yield
    except PackageError as error:
        name = _missed(error.message, left_out)
        if name is None or left_out[name] == DATA_FOLDER:  # the worker's error explains that case
            raise
        hint = (
            f"{name} is in the project and not in the image: {left_out[name]}; if it has to be "
            "there, name it in [image] include of package.toml"
        )
        raise type(error)(error.message, hint) from error


def _modules(project: Project) -> list[Path]:
    """The files of the entrypoints, and the files that they import within the project."""
    tops = [project.directory, project.directory / "src"]
    entrypoints = [project.serve.predictor, project.package.flow or "auto"]
    if project.recipe:
        entrypoints += [project.recipe.train, project.recipe.metrics or "auto"]
    if project.monitoring.embedding:
        entrypoints.append(project.monitoring.embedding)
    named = [entry.partition(":")[0] for entry in entrypoints if entry != "auto"]
    files = [path for name in named for top in tops if (path := module_file(name, top))]
    return [path for path in imported_files(files, tops) if path.is_relative_to(project.directory)]


def _reader(name: str, modules: list[Path]) -> Path | None:
    """The first module whose text contains the name of a file; None if there is none."""
    pattern = _word(name)
    return next((m for m in modules if pattern.search(m.read_text(errors="replace"))), None)


def _missed(message: str, left_out: Mapping[str, str]) -> str | None:
    """The omitted file that a message reports missing: the longest match; None without one."""
    if not _MISSING.search(message):
        return None
    fitting = [name for name in left_out if _called(name).search(message)]
    return max(fitting, key=len, default=None)


def _called(name: str) -> re.Pattern[str]:
    """Matches a file or folder in a message: by path, file name, or module name."""
    module = re.escape(name.removesuffix(".py").removeprefix("src/").replace("/", "."))
    # A folder of the project, not one of the same name elsewhere.
    folder = rf"(?:(?<![\w./-])|(?<=/code/)|(?<=\./)){re.escape(name)}/"
    file = rf"(?<![\w.-]){re.escape(name.rpartition('/')[2])}(?![\w-])"
    return re.compile(rf"{folder}|named '{module}['.]" + (f"|{file}" if "." in name else ""))


def _word(text: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.-]){re.escape(text)}(?![\w-])")
