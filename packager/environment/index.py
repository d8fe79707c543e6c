"""Package indexes of the user's own pip and uv configuration, which is used but never stored."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import requests

from packager.environment.credentials import IndexAddress, addresses_in, found_credentials
from packager.environment.downloads import TrustingSession
from packager.environment.formats.selection import DependencySelection
from packager.environment.programs import absolute, find_program, isolated_python, run
from packager.environment.project_index import IndexPins, index_pins
from packager.environment.requirement_files import DirectRequirements, read_options
from packager.environment.uv_config import merged

UV_NAMES = {
    "index-url": ("--default-index", ("UV_DEFAULT_INDEX", "UV_INDEX_URL")),
    "extra-index-url": ("--extra-index-url", ("UV_EXTRA_INDEX_URL", "UV_INDEX")),
    "find-links": ("--find-links", ("UV_FIND_LINKS",)),
    "trusted-host": ("--allow-insecure-host", ("UV_INSECURE_HOST",)),
}
ADDRESSES = {
    "--default-index": ("UV_DEFAULT_INDEX", " "),
    "--extra-index-url": ("UV_EXTRA_INDEX_URL", " "),
    "--find-links": ("UV_FIND_LINKS", ","),
}
"""uv's options for addresses, which may hold credentials → variable and its value separator."""


class Sources(Protocol):
    """Builds wheels of requirements that are none (``source_builds``)."""

    def replaced(self, direct: DirectRequirements, index: IndexOptions) -> DirectRequirements:
        """The requirements with a wheel in the place of each source."""

    def index(self, index: IndexOptions) -> IndexOptions:
        """The indexes, and the wheels of source distributions built so far."""

    def hashes(self, direct: DirectRequirements) -> Mapping[str, frozenset[str]]:
        """As those of ``direct``, with the sha256 of wheels that were built from such files."""

    def add_missing(self, text: str, direct: DirectRequirements, index: IndexOptions) -> bool:
        """Build what uv's error says has no wheel; False if that is not possible."""


@dataclass(frozen=True)
class IndexOptions:
    """Access of uv to the user's indexes: options, environment, and a CA bundle."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    certificates: str | None
    tied: IndexPins | None = None
    """Packages that the project's ``pyproject.toml`` pins to an index."""
    strategy: str | None = None
    """uv's ``--index-strategy`` for several indexes of pip's configuration; None: uv's default."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """The settings of uv's configuration that only choose packages."""
    sources: Sources | None = None
    """The builder of wheels that an index lacks; None if nothing is built."""

    def of_project(
        self,
        requirements: Path,
        strategy: str | None = None,
        selection: DependencySelection | None = None,
    ) -> IndexOptions:
        """These options, extended by a project's requirements files and by uv's configuration.

        uv's configuration is the user's own, and a ``uv.toml`` or ``pyproject.toml`` in or above
        the folder. ``strategy`` is uv's ``--index-strategy``; the default is the user's own, else
        uv's: only the first index that has a package is searched for it. pip ranks all of its
        indexes equally; if its configuration names several, versions that the first lacks are
        taken from the next, but a higher version there is not preferred.
        """
        folder, arguments = requirements.resolve().parent, self.arguments
        own, texts = read_options(requirements, selection)
        if "--default-index" in own and "--default-index" in arguments:
            index = arguments.index("--default-index")  # as with pip, the file's own one wins
            arguments = arguments[:index] + arguments[index + 2 :]
        settings = merged(folder, self.environment)
        is_set = "index-strategy" in settings or "index-strategy" in settings.get("pip", {})
        index_strategy = strategy or (None if is_set else self.strategy)
        own += ("--index-strategy", index_strategy) if index_strategy else ()
        tied = index_pins(folder, texts)
        return replace(self, arguments=(*arguments, *own), tied=tied, settings=settings)

    def with_torch(self, backend: str | None) -> IndexOptions:
        """These options, with PyTorch's packages from its own index of wheels for ``backend``."""
        if backend is None:
            return self
        return replace(self, arguments=(*self.arguments, "--torch-backend", backend))

    def command(self) -> tuple[list[str], dict[str, str]]:
        """Arguments and environment for uv; addresses are passed in the environment.

        Every user of the machine can read a process's arguments, but only the user who started it
        its environment. A variable replaces one that the user set, as an option would.
        """
        arguments, option_values = [], dict[str, list[str]]()
        words = iter(self.arguments)
        for word in words:
            if word in ADDRESSES:
                option_values.setdefault(word, []).append(next(words))
            else:
                arguments.append(word)
        addresses = {
            name: separator.join(option_values[option])
            for option, (name, separator) in ADDRESSES.items()
            if option in option_values
        }
        return arguments, {**self.environment, **addresses}

    def session(self) -> requests.Session:
        """A session for downloads that trusts the user's certificates."""
        return TrustingSession(self.certificates)

    def credentials(self) -> dict[str, tuple[str, str]]:
        """``host:port`` → (user, password) of the indexes, which uv's output omits."""
        variables = [name for _, names in UV_NAMES.values() for name in names]
        named = [*self.settings.get("index", ()), *(self.tied.indexes if self.tied else ())]
        indexes = [
            *addresses_in([*self.arguments, *_texts(self.settings)]),
            *(IndexAddress(str(i["url"]), str(i.get("name", ""))) for i in named if "url" in i),
            *addresses_in(" ".join(map(self._variable, variables)).split()),
        ]
        return found_credentials(indexes, self.environment, keyring=self._keyring)

    @property
    def _keyring(self) -> bool:
        own = {**self.settings, **self.settings.get("pip", {})}.get("keyring-provider")
        return (self._variable("UV_KEYRING_PROVIDER") or own) == "subprocess"

    def _variable(self, name: str) -> str:
        return self.environment.get(name, "")


def _texts(value: Any) -> Iterator[str]:
    """Every string in nested settings."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from (text for one in value.values() for text in _texts(one))
    elif isinstance(value, list | tuple):
        yield from (text for one in value for text in _texts(one))


def parse_pip_config(text: str) -> dict[str, str]:
    """The output of ``pip config list`` as option → value.

    A variable overrides a command's section, which overrides the section ``global``.
    """
    values: dict[str, tuple[int, str]] = {}
    for line in text.splitlines():
        key, separator, quoted = line.partition("=")
        section, _, option = key.rpartition(".")
        if not separator or section not in (":env:", "global", "install", "download"):
            continue
        rank = 0 if section == "global" else 2 if section == ":env:" else 1
        if rank >= values.get(option, (-1, ""))[0]:
            values[option] = (rank, str(ast.literal_eval(quoted)))
    return {option: value for option, (_, value) in values.items()}


def index_options(pip: Mapping[str, str], environment: Mapping[str, str]) -> IndexOptions:
    """pip's options as uv's, except those that the user set for uv in the environment."""
    arguments: list[str] = []
    for option, (flag, variables) in UV_NAMES.items():
        if any(environment.get(variable) for variable in variables):
            continue
        for value in pip.get(option, "").split():
            arguments += [flag, absolute(value) if option == "find-links" else value]
    if pip.get("no-index", "").lower() in ("1", "true", "yes", "on"):
        arguments.append("--no-index")
    certificates = environment.get("SSL_CERT_FILE") or pip.get("cert")
    # Companies add their own CA to the system's store, which uv does not use by default.
    added = {"UV_SYSTEM_CERTS": "true", "UV_NATIVE_TLS": "true", "UV_NO_PROGRESS": "1"}
    if certificates:
        added["SSL_CERT_FILE"] = certificates
    several = "extra-index-url" in pip and "UV_INDEX_STRATEGY" not in environment
    strategy = "unsafe-first-match" if several else None
    if pip.get("keyring-provider") in ("subprocess", "import", "auto"):
        added["UV_KEYRING_PROVIDER"] = environment.get("UV_KEYRING_PROVIDER", "subprocess")
    return IndexOptions(tuple(arguments), {**environment, **added}, certificates, strategy=strategy)


def user_index_options() -> IndexOptions:
    """The current user's options: from ``pip config list``, overridden by the environment."""
    commands = [isolated_python("-m", "pip")]
    commands += [[pip] for pip in (find_program("pip"),) if pip]
    for command in commands:
        done = run([*command, "config", "list"], os.environ)
        if done.returncode == 0:
            return index_options(parse_pip_config(done.stdout), os.environ)
    return index_options({}, os.environ)
