"""The login for a registry, as Docker and Podman have it.

Read in this order: the file that ``REGISTRY_AUTH_FILE`` names; Docker's ``config.json`` (below
``DOCKER_CONFIG`` or ``~/.docker``) with its credential helpers; Podman's ``auth.json``.
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from docker.auth import AuthConfig, load_config
from docker.credentials.errors import StoreError
from docker.errors import DockerException
from docker.utils.config import find_config_file

from packager.errors import PackageError, UsageError

MAX_FILE = 1 << 20


@dataclass(frozen=True)
class Login:
    """A user name with a password, or an identity token."""

    username: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)


def find_login(host: str, repository: str) -> Login | None:
    """The login for ``repository`` at ``host``; None if no file has one.

    Raises ``PackageError`` for a file that can't be read, and for a helper that is absent or fails.
    """
    for path in _files():
        login = _resolved(_read(path), path, host, repository)
        if login is not None:
            return login
    return None


def _files() -> Iterator[Path]:
    """The files with logins that exist."""
    named = os.environ.get("REGISTRY_AUTH_FILE")
    if named:
        if not Path(named).is_file():
            raise UsageError(
                f"REGISTRY_AUTH_FILE: expected a file, got {named}", "name a file, or unset it"
            )
        yield Path(named)
    docker = find_config_file()
    if docker:
        yield Path(docker)
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    config = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    for folder in (runtime, config):
        path = Path(folder, "containers", "auth.json") if folder else None
        if path is not None and path.is_file():
            yield path


def _read(path: Path) -> AuthConfig:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE + 1)
        if len(content) > MAX_FILE:
            raise ValueError(f"more than {MAX_FILE:,} bytes")
        document = json.loads(content)
        if not isinstance(document, dict):
            raise ValueError(f"a {type(document).__name__}")
        if not any(document.get(key) for key in ("auths", "credsStore", "credHelpers")):
            return AuthConfig({})
        return load_config(config_dict=document)
    except (OSError, ValueError, AttributeError, TypeError, DockerException) as error:
        raise PackageError(
            f"{path}: expected the logins of docker or podman, got {error}",
            "log in again with `docker login` or `podman login`, or mend the file",
        ) from error


def _resolved(config: AuthConfig, path: Path, host: str, repository: str) -> Login | None:
    parts = repository.split("/")
    # Podman also has logins of namespaces: HOST/TEAM before HOST.
    for count in range(len(parts), 0, -1):
        entry = config.auths.get("/".join([host, *parts[:count]]))
        if entry:
            return _login(entry)
    try:
        with warnings.catch_warnings(action="ignore", category=UserWarning):
            return _login(config.resolve_authconfig(host))
    except (DockerException, StoreError, OSError, ValueError, KeyError) as error:
        helper = config.get_credential_store(host)
        raise PackageError(
            f"{host}: docker-credential-{helper}, which {path} names, gave no login: {error}",
            f"install the helper, or take its entry out of {path} and log in again",
        ) from error


def _login(entry: dict[str, Any] | None) -> Login | None:
    """``entry`` of the SDK, whose keys a credential helper capitalises; None if it is empty."""
    entry_values = {key.lower(): value for key, value in (entry or {}).items()}
    if entry_values.get("identitytoken"):
        return Login(identity_token=str(entry_values["identitytoken"]))
    if entry_values.get("username"):
        return Login(str(entry_values["username"]), str(entry_values.get("password") or ""))
    return None
