"""Addresses of models with an MLflow tracking server: ``runs:/…`` and ``models:/…``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from packager.errors import UsageError

SCHEMES = ("runs:", "models:")
FORMS = "runs:/RUN/PATH, models:/NAME/VERSION, models:/NAME@ALIAS or models:/m-ID"
_MODEL_ID = re.compile(r"m-[0-9a-f]{32}")


@dataclass(frozen=True)
class RunModel:
    """A model that a run logged at ``path``."""

    run: str
    path: str


@dataclass(frozen=True)
class RegisteredModel:
    """A version of the registry; one of ``version`` and ``alias`` is given."""

    name: str
    version: str | None = None
    alias: str | None = None


@dataclass(frozen=True)
class LoggedModel:
    """A model by its own identifier, of MLflow 3."""

    id: str


ModelAddress = RunModel | RegisteredModel | LoggedModel


def is_address(text: str) -> bool:
    """Whether ``text`` names a model with a server, and not a folder."""
    return text.startswith(SCHEMES)


def parse_address(text: str) -> ModelAddress:
    """The parts of an address; raises ``UsageError`` for another form."""
    scheme, _, rest = text.partition(":")
    if not rest.startswith("/") or rest.startswith("//") or ".." in rest.split("/"):
        raise _wrong(text, "a profile or a path that leaves the model" if rest else "no model")
    rest = rest.removeprefix("/")
    if scheme == "runs":
        run, _, path = rest.partition("/")
        if not run or not path.strip("/"):
            raise _wrong(text, "no path after the run")
        return RunModel(run, path.strip("/"))
    if _MODEL_ID.fullmatch(rest):
        return LoggedModel(rest)
    name, at, alias = rest.rpartition("@")
    if at and "/" not in alias:
        if not name or not alias:
            raise _wrong(text, "no name" if not name else "no alias")
        return RegisteredModel(name, alias=alias)
    name, slash, version = rest.rpartition("/")
    if not slash or not name or not version.isascii() or not version.isdigit():
        got = f"{version!r} in place of a version" if slash else "neither version nor alias"
        raise _wrong(text, got)
    return RegisteredModel(name, version=version)


def _wrong(text: str, got: str) -> UsageError:
    return UsageError(
        f"--from-mlflow {text}: expected {FORMS}, got {got}",
        "a stage or `latest` names another model tomorrow: name the version, or an alias",
    )
