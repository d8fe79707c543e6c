"""Settings for ``package serve``: the server's environment variables, passed on."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from packager.errors import UsageError
from packager.manifest.manifest import Serve

# `package serve` itself chooses the port, the address and the package's location.
GRPC_PORT = "MODEL_GRPC_PORT"
VALUE_VARIABLES = (
    GRPC_PORT,
    "MODEL_WORKERS",
    "MODEL_MAX_BODY_BYTES",
    "MODEL_MAX_VALUES",
    "MODEL_MAX_QUEUE",
    "MODEL_MAX_BATCH_ROWS",
    "MODEL_DEADLINE_SECONDS",
    "MODEL_HANG_SECONDS",
    "MODEL_NATIVE",
    "MODEL_PROCESS_MEMORY",
    "MODEL_METRICS_AUTH",
    "MODEL_METRICS_PUSH",
    "MODEL_METRICS_PUSH_SECONDS",
    "MODEL_MEMBER_URLS",
    "MODEL_COMPILED_CHECK_RATIO",
    "MODEL_SHADOW",
    "MODEL_SHADOW_SHARE",
    "MODEL_SHADOW_TIMEOUT_SECONDS",
    "MODEL_SHADOW_QUEUE",
    "MODEL_SHADOW_ANSWERS_PER_DAY",
    "MODEL_ACCESS_LOG",
    "MODEL_CORS_ORIGINS",
    "MODEL_ERROR_DETAIL",
    "MODEL_URL_PREFIX",
    "MODEL_TRY_PAGE",
    "MODEL_FEEDBACK",
    "MODEL_FEEDBACK_STORE",
    "MODEL_FEEDBACK_DAYS",
    "MODEL_FEEDBACK_ANSWERS_PER_DAY",
    "MODEL_FLAGGED_SAMPLE_RATE",
    "MODEL_FLAGGED_LOG_MAX_BYTES",
)
FILE_VARIABLES = (
    "MODEL_FEEDBACK_KEY_FILE",
    "MODEL_API_KEYS_FILE",
    "MODEL_SHADOW_TOKEN_FILE",
    "MODEL_METRICS_PUSH_HEADERS_FILE",
    "MODEL_VERIFY_KEY_FILE",
    "MODEL_SIGNATURES_FILE",
)
MAX_PORT = 65_535
STATE_VARIABLE = "MODEL_STATE_DIR"
LOG_VARIABLE = "MODEL_FLAGGED_LOG"
CONTAINER_FOLDER = "/settings"
CONTAINER_UID, CONTAINER_GID = 65532, 0
"""User and group of a container that root starts."""


@dataclass(frozen=True)
class Mount:
    """A file or folder of this machine, mounted in a container at ``target``."""

    source: Path
    target: str
    writable: bool


@dataclass(frozen=True)
class ServeSettings:
    """Variables for a server's process, or for its container with the mounts they need."""

    plain: Mapping[str, str] = field(default_factory=dict)
    """Variables with plain values."""
    paths: Mapping[str, Path] = field(default_factory=dict)
    """Variables that name a file or folder of this machine."""
    memory: int | None = None
    """Memory limit of a container in bytes; None for the default."""

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str] = os.environ, memory: int | None = None
    ) -> ServeSettings:
        """The variables that are set; raises ``UsageError`` for an absent file or folder.

        The folder of ``MODEL_STATE_DIR`` is created if absent.
        """
        plain = {name: environment[name] for name in VALUE_VARIABLES if environment.get(name)}
        named = {
            name: Path(environment[name]).absolute()
            for name in (*FILE_VARIABLES, STATE_VARIABLE, LOG_VARIABLE)
            if environment.get(name)
        }
        for name, path in named.items():
            _check(name, path)
        return cls(plain, named, memory)

    def with_grpc(self, serve: Serve, port: int) -> ServeSettings:
        """These settings with a port for gRPC, if the package has it: ``MODEL_GRPC_PORT``.

        Unless it is set, the one after ``port``, the server's; a free one if that is 0.
        """
        if not serve.grpc or GRPC_PORT in self.plain:
            return self
        grpc_port = port + 1 if 0 < port < MAX_PORT else free_port()
        return replace(self, plain={**self.plain, GRPC_PORT: str(grpc_port)})

    @property
    def grpc_port(self) -> int | None:
        """The port of this machine for gRPC; None without one.

        Raises ``UsageError`` for a value that is no port.
        """
        text = self.plain.get(GRPC_PORT, "off")
        if text == "off":
            return None
        if not text.isdigit() or not 1 <= int(text[:6]) <= MAX_PORT:
            raise UsageError(
                f"{GRPC_PORT}: expected a port from 1 to {MAX_PORT}, or off, got {text!r}",
                "set it to a port, or unset it",
            )
        return int(text)

    def variables(self) -> dict[str, str]:
        """Variables for a process on this machine."""
        return {**self.plain, **{name: str(path) for name, path in self.paths.items()}}

    def share_with_container(self) -> None:
        """If root starts the container, check that the container's user has access.

        The folder of ``MODEL_STATE_DIR`` is changed to that user if it is root's and empty. Raises
        ``UsageError`` for a file or folder that the user can't read or write.
        """
        if os.getuid() != 0:
            return
        for name, path in self.paths.items():
            location = path.parent if name == LOG_VARIABLE else path
            if (
                name == STATE_VARIABLE
                and location.stat().st_uid == 0
                and not any(location.iterdir())
            ):
                os.chown(location, CONTAINER_UID, CONTAINER_GID)
            if not _allowed(location, write=name not in FILE_VARIABLES):
                verb = "read" if name in FILE_VARIABLES else "write"
                raise UsageError(
                    f"{name}: the container runs as user {CONTAINER_UID}, not as root: expected "
                    f"{location} to be one that this user can {verb}",
                    f"chown -R {CONTAINER_UID} {location}",
                )

    def in_container(self) -> tuple[dict[str, str], list[Mount]]:
        """Variables and mounts for a container.

        For the log its folder is mounted, because a full log is renamed there.
        """
        variables = dict(self.plain)
        mounts = []
        for name, path in self.paths.items():
            location = f"{CONTAINER_FOLDER}/{name.lower()}"
            log = name == LOG_VARIABLE
            mounts.append(Mount(path.parent if log else path, location, name not in FILE_VARIABLES))
            variables[name] = f"{location}/{path.name}" if log else location
        return variables, mounts


def free_port() -> int:
    """A port of this machine that nothing listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def _check(name: str, path: Path) -> None:
    if name == STATE_VARIABLE:
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(
                f"{name}: expected a folder, got {path}: {error.strerror}", "name another one"
            ) from error
    elif name == LOG_VARIABLE and not path.parent.is_dir():
        raise UsageError(
            f"{name}: expected a file in a folder that exists, got {path}", "make the folder first"
        )
    elif name in FILE_VARIABLES and not path.is_file():
        raise UsageError(
            f"{name}: expected a file, got {path}", "name one that exists, or unset it"
        )


def _allowed(path: Path, *, write: bool) -> bool:
    """Whether the container's user may read ``path``; ``write``: also write it, or use a folder."""
    status = path.stat()
    needed = 0o7 if write and path.is_dir() else 0o6 if write else 0o4
    if status.st_uid == CONTAINER_UID:
        return (status.st_mode >> 6) & needed == needed
    if status.st_gid == CONTAINER_GID:
        return (status.st_mode >> 3) & needed == needed
    return status.st_mode & needed == needed
