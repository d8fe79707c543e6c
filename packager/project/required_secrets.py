"""Credentials in files that a package needs: a build stops there, because leaving them out is none.

What is not needed is left out with a word; what the code then asks for in vain is told here, too.
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

DATA_FOLDER = "the data lies there"
"""Why the folder that holds the data is left out."""
_ALWAYS = (FILENAME, "Dockerfile.template")
_MISSING = re.compile(r"no such file|no module named|not found|does not exist|got none", re.I)


def secret_reason(secret: Secret) -> str:
    """Why a file stays out."""
    if secret.line is None:
        return f"its name is that of {secret.what}"
    return f"line {secret.line} holds {secret.what}"


def refuse_required_secrets(
    project: Project, files: Mapping[str, Path], secrets: Mapping[str, Secret]
) -> None:
    """Raise ``UsageError`` for a credential in a file that the package can't do without.

    These are ``package.toml``, modules that the recipe or the predictor imports, and files whose
    names stand in the text of one of these modules.
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
                "have it changed if others could see it; if it is no secret, name the file in "
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
    """Say of an error about something that isn't there that it was left out, and why."""
    try:
        yield
    except PackageError as error:
        name = _missed(error.message, left_out)
        if name is None or left_out[name] == DATA_FOLDER:  # the worker has told that one
            raise
        hint = (
            f"{name} is in the project and not in the image: {left_out[name]}; if it has to be "
            "there, name it in [image] include of package.toml"
        )
        raise type(error)(error.message, hint) from error


def _modules(project: Project) -> list[Path]:
    """The files of the entrypoints, and what they import within the project."""
    tops = [project.directory, project.directory / "src"]
    entrypoints = [project.serve.predictor, project.recipe.train if project.recipe else "auto"]
    named = [entry.partition(":")[0] for entry in entrypoints if entry != "auto"]
    files = [path for name in named for top in tops if (path := module_file(name, top))]
    return [path for path in imported_files(files, tops) if path.is_relative_to(project.directory)]


def _reader(name: str, modules: list[Path]) -> Path | None:
    """The module whose text holds the name of a file."""
    pattern = _word(name)
    return next((m for m in modules if pattern.search(m.read_text(errors="replace"))), None)


def _missed(message: str, left_out: Mapping[str, str]) -> str | None:
    """What a message says is not there, among what was left out; the longest name that fits."""
    if not _MISSING.search(message):
        return None
    fitting = [name for name in left_out if _called(name).search(message)]
    return max(fitting, key=len, default=None)


def _called(name: str) -> re.Pattern[str]:
    """How a message may call a file or folder: by its path, a file's last part, or as a module."""
    module = re.escape(name.removesuffix(".py").removeprefix("src/").replace("/", "."))
    # A folder of the project, not one of the same name elsewhere.
    folder = rf"(?:(?<![\w./-])|(?<=/code/)|(?<=\./)){re.escape(name)}/"
    file = rf"(?<![\w.-]){re.escape(name.rpartition('/')[2])}(?![\w-])"
    return re.compile(rf"{folder}|named '{module}['.]" + (f"|{file}" if "." in name else ""))


def _word(text: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.-]){re.escape(text)}(?![\w-])")
