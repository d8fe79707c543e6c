"""The secrets of a stack: files beside the generated ones, made once and never replaced."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from pathlib import Path

from packager.cache import atomic_file
from packager.deploy import tracker
from packager.deploy.fleet import DeployedModel, Fleet
from packager.deploy.swarm.services import feedback_secret, keys_secret, scrape_secret
from packager.deploy.swarm.shared import shared_secrets
from packager.errors import UsageError


def secret_paths(fleet: Fleet) -> dict[str, str]:
    """Key of each secret of the stack → path of its file in the folder."""
    paths = shared_secrets(fleet)
    for one in fleet.sorted():
        paths[feedback_secret(one)] = f"tokens/{feedback_secret(one)}.key"
        if one.keys:
            paths[keys_secret(one)] = server_keys_path(one)
            paths[scrape_secret(one)] = scrape_key_path(one)
    return paths


def server_keys_path(one: DeployedModel) -> str:
    """The file with the API keys that the servers of a model take."""
    return f"keys/{one.label}.keys"


def scrape_key_path(one: DeployedModel) -> str:
    """The file with the key that Prometheus sends to the servers of a model."""
    return f"prometheus/keys/{one.label}.key"


def planned_secrets(folder: Path, fleet: Fleet) -> dict[str, str]:
    """Path → content of every secret: what the file holds, or a new random one.

    Writes nothing. Raises ``UsageError`` if a file can be neither read nor made.
    """
    paths = secret_paths(fleet)
    tracker.check_tokens(folder, paths.values())
    feedback = {paths[feedback_secret(one)] for one in fleet.sorted()}
    existing = {path: _text(folder / path) for path in paths.values()}
    contents = {
        path: text if text is not None else _token_key() if path in feedback else _token()
        for path, text in existing.items()
    }
    for one in fleet.sorted():
        if one.keys:
            contents |= _keys(one, existing, contents)
    return contents


def _keys(
    one: DeployedModel, existing: Mapping[str, str | None], contents: Mapping[str, str]
) -> dict[str, str]:
    """The servers' keys, with one that Prometheus sends."""
    server, scrape = server_keys_path(one), scrape_key_path(one)
    if existing[server] is None:
        client = f"# of a client\n{_token()}"
        return {server: f"{client}# of Prometheus\n{contents[scrape].strip()}\n"}
    if contents[scrape].strip() not in contents[server].split():
        raise UsageError(
            f"{scrape}: expected one of the keys of {server}, got none",
            f"write one of its lines into {scrape}: Prometheus sends it",
        )
    return {}


def keep_secrets(folder: Path, planned: Mapping[str, str]) -> None:
    """Write the files that aren't there; only this user can read them."""
    for path, text in planned.items():
        location = folder / path
        if location.is_file():
            continue
        location.parent.mkdir(parents=True, exist_ok=True)
        location.parent.chmod(0o700)
        with atomic_file(location) as file:
            file.write_text(text, encoding="utf-8")
        location.chmod(0o600)


def _text(path: Path) -> str | None:
    if not path.is_file():
        return None
    text = path.read_text(encoding="utf-8")
    if not text.strip():
        raise UsageError(
            f"{path}: expected a secret, got an empty file",
            "remove it: this command then writes a new one",
        )
    return text


def _token() -> str:
    return f"{secrets.token_urlsafe(32)}\n"


def _token_key() -> str:
    """A line of a file of keys that sign feedback tokens (``monitoring/feedback/keys.py``)."""
    return f"1:{base64.b64encode(secrets.token_bytes(32)).decode()}\n"
