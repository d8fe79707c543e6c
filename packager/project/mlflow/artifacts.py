"""Downloads a model's folder from a tracking server, whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from packager.client.tracking_server import TrackingServer
from packager.confinement import refuse_strange
from packager.errors import PackageError, UsageError
from packager.project.mlflow.saved_model import MLMODEL

MAX_FILES = 10_000
MAX_DEPTH = 20
MAX_BYTES = 64 << 30
"""Of all files of a model."""
PROXY = "mlflow-artifacts"


def download_model(artifacts: tuple[str, ...], server: TrackingServer, folder: Path) -> None:
    """Write the files of a model below ``folder``, which exists and is empty.

    ``artifacts``: addresses of its folder, tried in turn. Raises ``UsageError`` if none holds a
    model, and for a store that the server does not answer for.
    """
    for address in artifacts:
        parts = urlsplit(address)
        if parts.scheme == PROXY:
            _refuse_other_server(address, server)
            files = list(_listed(server, unquote(parts.path).strip("/")))
            if any(name == MLMODEL for name, _, _ in files):
                _download(server, files, folder)
                return
        elif parts.scheme in ("", "file") and address:
            _refuse_remote(address, server)
            path = Path(unquote(parts.path))
            if (path / MLMODEL).is_file():
                refuse_strange(path)
                shutil.copytree(path, folder, dirs_exist_ok=True)
                return
        else:
            raise UsageError(
                f"{server.address}: expected artifacts that the server itself answers for, got "
                f"{parts.scheme or 'none'}://{parts.netloc}{parts.path}",
                "run `mlflow artifacts download --artifact-uri ADDRESS --dst-path DIR` where its "
                "store can be read, then name that folder",
            )
    raise UsageError(
        f"{server.address}: expected a model with the file {MLMODEL} at "
        f"{' or '.join(artifacts)}, got none there",
        "name the path that log_model was given: the run's page lists its artifacts",
    )


def _refuse_other_server(address: str, server: TrackingServer) -> None:
    """An address with a host names another server, which must not get the login of this one."""
    host = urlsplit(address).netloc
    if host and host != urlsplit(server.address).netloc:
        raise UsageError(
            f"{server.address}: expected artifacts of this server, got those of {host}",
            f"write --tracking-uri with {host}, or download the model and name its folder",
        )


def _refuse_remote(address: str, server: TrackingServer) -> None:
    """A server elsewhere must not choose files of this machine."""
    if not server.is_local:
        raise UsageError(
            f"{server.address}: expected artifacts that the server answers for, got {address}, "
            "a path of its own machine",
            "start the server with --serve-artifacts and an --artifacts-destination",
        )


def _listed(server: TrackingServer, top: str) -> Iterator[tuple[str, str, int | None]]:
    """(name in the model, name of the artifact, bytes) of each file below ``top``."""
    waiting, seen = [PurePosixPath()], set[PurePosixPath]()
    while waiting:
        folder = waiting.pop()
        for entry in server.listed(f"{top}/{folder}" if folder.parts else top):
            name = folder / _plain(str(entry.get("path", "")), server)
            if name in seen:
                raise _strange(server, f"{name} twice")
            seen.add(name)
            if len(seen) > MAX_FILES or len(name.parts) > MAX_DEPTH:
                raise UsageError(
                    f"{server.address}: expected a model of at most {MAX_FILES:,} files, "
                    f"{MAX_DEPTH} folders deep, got more",
                    "download the model yourself, and name its folder",
                )
            if entry.get("is_dir"):
                waiting.append(name)
            else:
                size = str(entry.get("file_size"))
                size_bytes = int(size) if size.isascii() and size.isdigit() else None
                yield name.as_posix(), f"{top}/{name}", size_bytes


def _plain(path: str, server: TrackingServer) -> str:
    """The name of an entry; the server may tell it with or without its folder."""
    name = PurePosixPath(path).name
    if not name or name in (".", "..") or "\0" in path or "\\" in name:
        raise _strange(server, repr(path[:80]))
    return name


def _strange(server: TrackingServer, got: str) -> PackageError:
    return PackageError(
        f"{server.address}: expected names of a model's files, got {got}",
        "check that the address is that of an MLflow tracking server",
    )


def _download(
    server: TrackingServer, files: list[tuple[str, str, int | None]], folder: Path
) -> None:
    remaining = MAX_BYTES
    for name, artifact, expected_size in files:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        size = server.download(artifact, file, remaining)
        if expected_size is not None and size != expected_size:
            raise PackageError(
                f"{artifact}: expected {expected_size:,} bytes, got {size:,}",
                "try again; if it stays so, the artifact store is damaged",
            )
        remaining -= size
