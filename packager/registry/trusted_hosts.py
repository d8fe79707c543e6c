"""The trusted certificates of registries, and the registries without TLS.

Both are configured where Docker and Podman have them.
"""

from __future__ import annotations

import ipaddress
import json
import os
import ssl
import tomllib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from packager.errors import PackageError, UsageError

CERTIFICATE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


class _Source(NamedTuple):
    """A file or folder of certificates, and its state: another one is read again."""

    called: str
    path: Path
    state: tuple[int, int] | None
    """Time of the last change in nanoseconds, and bytes; None if it can't be read."""

    @classmethod
    def of(cls, called: str, path: Path) -> _Source:
        """The source at ``path`` as it is now."""
        try:
            status = path.stat()
        except OSError:
            return cls(called, path, None)
        return cls(called, path, (status.st_mtime_ns, status.st_size))


def tls_context(host: str, default_bundle: str) -> ssl.SSLContext:
    """The certificates to trust for ``host``.

    Those of the files that environment variables name; if none does, the system's and those of
    ``default_bundle`` (a PEM file). In addition those in ``certs.d/HOST`` of Docker and Podman.
    A process reads the same files once: that takes longer than a request. Don't change the context.
    """
    named = {name: os.environ[name] for name in CERTIFICATE_VARIABLES if os.environ.get(name)}
    bundles = [
        _Source.of(called, Path(path))
        for called, path in (named or {"certificates": default_bundle}).items()
    ]
    clients = []
    for folder in _certificate_folders(host):
        bundles += [_Source.of("certificates", path) for path in sorted(folder.glob("*.crt"))]
        for path in sorted(folder.glob("*.cert")):
            clients += [_Source.of("", path), _Source.of("", path.with_suffix(".key"))]
    system = None if named else os.environ.get("SSL_CERT_DIR", "")
    return _context(system, tuple(bundles), tuple(clients))


@lru_cache(maxsize=32)
def _context(
    system: str | None, bundles: tuple[_Source, ...], clients: tuple[_Source, ...]
) -> ssl.SSLContext:
    """Trust ``bundles``, and the system's certificates unless ``system`` (their folder) is None.

    ``clients``: certificates of this client, each followed by its key.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if system is not None:
        context = ssl.create_default_context()
    for source in bundles:
        _load(context, source.path, source.called)
    for source in clients[::2]:
        _load_client(context, source.path)
    return context


def _load(context: ssl.SSLContext, path: Path, called: str) -> None:
    try:
        if path.is_dir():
            context.load_verify_locations(capath=path)
        else:
            context.load_verify_locations(cafile=path)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(
            f"{called}: expected certificates in PEM, got {path}: {error.strerror or error}",
            "name a file with certificates, or remove it",
        ) from error


def _load_client(context: ssl.SSLContext, path: Path) -> None:
    """The certificate of this client and its key, as Docker pairs them: x.cert and x.key."""
    try:
        context.load_cert_chain(path, path.with_suffix(".key"))
    except (OSError, ssl.SSLError) as error:
        raise UsageError(
            f"{path}: expected a certificate with its key in {path.stem}.key, "
            f"got {error.strerror or error}",
            "name both as the engine does, or remove them",
        ) from error


def _config_home() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")


def _certificate_folders(host: str) -> Iterator[Path]:
    for top in (
        Path("/etc/containers"),
        _config_home() / "containers",
        Path("/etc/docker"),
        _config_home() / "docker",
        Path.home() / ".docker",
    ):
        if (top / "certs.d" / host).is_dir():
            yield top / "certs.d" / host


def is_loopback(host: str) -> bool:
    """Whether ``host`` (with or without a port) is this machine's loopback interface."""
    name = _without_port(host)
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def may_be_plain(host: str) -> bool:
    """Whether ``host`` may be asked without TLS: on loopback, or where an engine's files say so."""
    return is_loopback(host) or any(_covers(entry, host) for entry in _insecure_entries())


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _covers(entry: str, host: str) -> bool:
    """Whether an entry (host, host:port, network or ``*.domain``) means ``host``."""
    name = _without_port(host)
    if entry in (host, name):
        return True
    if entry.startswith("*."):
        return name.endswith(entry[1:])
    try:
        return ipaddress.ip_address(name) in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return False


def _insecure_entries() -> Iterator[str]:
    for path in (Path("/etc/docker/daemon.json"), _config_home() / "docker" / "daemon.json"):
        yield from map(str, _document(path).get("insecure-registries") or ())
    for top in (Path("/etc/containers"), _config_home() / "containers"):
        for path in (top / "registries.conf", *sorted((top / "registries.conf.d").glob("*.conf"))):
            for entry in _document(path).get("registry") or ():
                if entry.get("insecure") is True:
                    yield str(entry.get("location") or entry.get("prefix") or "").partition("/")[0]


def _document(path: Path) -> dict[str, Any]:
    """The configuration at ``path``; empty if there is none."""
    if not path.is_file():
        return {}
    try:
        text = path.read_text(encoding="utf-8")
        document = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise PackageError(
            f"{path}: expected the engine's configuration, got {error}", "mend the file"
        ) from error
    return document if isinstance(document, dict) else {}
