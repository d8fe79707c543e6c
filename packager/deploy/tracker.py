"""The issue tracker among the services: its container, its scrape job, Alertmanager's receiver.

Alertmanager sends with a token of scope report, and Prometheus reads ``/metrics`` with one of scope
read. Each is in a file of its own beside the generated ones: no generated file holds a secret.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from packager.cache import atomic_file
from packager.confinement import refuse_leaving
from packager.deploy.fleet import TRACKER_PORT, Fleet
from packager.deploy.part_images import part_image
from packager.deploy.parts import ALERTMANAGER, PROMETHEUS, TRACKER
from packager.deploy.prometheus.issue_service import JOB
from packager.errors import UsageError
from packager.image.tracker_files import PORT

TOKEN = "tokens/issues.token"
READ_TOKEN = "tokens/issues-metrics.token"
TOKENS = (TOKEN, READ_TOKEN)
INSIDE = f"/run/{TOKEN}"
READ_INSIDE = f"/run/{READ_TOKEN}"
TOKEN_VOLUME = f"./{TOKEN}:{INSIDE}:ro"
READ_TOKEN_VOLUME = f"./{READ_TOKEN}:{READ_INSIDE}:ro"
SCRAPE_TOKEN = f"../{READ_TOKEN}"
"""From the folder of Prometheus's configuration, here and in its container."""
SCRAPE_TOKEN_VOLUME = f"./{READ_TOKEN}:/etc/{READ_TOKEN}:ro"
MEMORY = "512m"
PUBLISHED = f"${{TRACKER_PORT:-{TRACKER_PORT}}}"
"""Its port on the host."""
ADDRESS = f"http://{JOB}:{PORT}"


def tracker_service(fleet: Fleet) -> dict[str, Any]:
    """The container, whose image ``package issues image`` makes."""
    scale = fleet.time_scale
    sources = {ALERTMANAGER: 9093, PROMETHEUS: 9090}
    return {
        "image": part_image(TRACKER, fleet.pins),
        "mem_limit": MEMORY,
        "read_only": True,
        "tmpfs": ["/tmp:size=64m"],
        "command": [
            f"--public-url=http://127.0.0.1:{PUBLISHED}",
            *(
                f"--{name}=http://{name}:{port}"
                for name, port in sources.items()
                if name in fleet.parts
            ),
            "--queries=/etc/issues",
            f"--report-token-file={INSIDE}",
            f"--read-token-file={READ_INSIDE}",
            *([f"--time-scale={scale}"] if scale > 1 else []),
        ],
        "ports": [f"127.0.0.1:{PUBLISHED}:{PORT}"],
        "volumes": [
            "issues:/state",
            "./issues:/etc/issues:ro",
            TOKEN_VOLUME,
            READ_TOKEN_VOLUME,
        ],
        # Of the image's command, which a loaded machine takes seconds to start.
        "healthcheck": {"interval": "30s", "timeout": "20s", "start_period": "120s", "retries": 6},
        "stop_grace_period": "20s",
        "restart": "unless-stopped",
    }


def scrape_job() -> dict[str, Any]:
    """Prometheus's job."""
    return {
        "job_name": JOB,
        "authorization": {"credentials_file": SCRAPE_TOKEN},
        "static_configs": [{"targets": [f"{JOB}:{PORT}"]}],
    }


def receiver(name: str) -> dict[str, Any]:
    """Alertmanager's receiver."""
    webhook = {
        "url": f"{ADDRESS}/webhooks/alertmanager",
        "send_resolved": True,
        "http_config": {"authorization": {"credentials_file": INSIDE}},
    }
    return {"name": name, "webhook_configs": [webhook]}


def check_tokens(folder: Path, names: Iterable[str] = TOKENS) -> None:
    """Raise ``UsageError`` if a token can be neither kept nor made."""
    for name in names:
        _check_token(folder / name, folder)


def _check_token(path: Path, folder: Path) -> None:
    if path.is_file():
        return
    refuse_leaving(path, folder)
    for location, expected in ((path.parent, "a folder"), (path, "a file")):
        if os.path.lexists(location) and not (expected == "a folder" and location.is_dir()):
            raise UsageError(
                f"{location}: expected {expected}, got something else",
                "move it elsewhere: this command then writes a new one",
            )


def keep_tokens(folder: Path, names: Iterable[str] = TOKENS) -> None:
    """Make the tokens that aren't there.

    The users of two containers read each file, so its folder is what keeps others out.
    """
    for name in names:
        _keep_token(folder / name)


def _keep_token(path: Path) -> None:
    if path.is_file():
        return
    path.parent.mkdir(exist_ok=True)
    path.parent.chmod(0o700)
    with atomic_file(path) as file:
        file.write_text(f"{secrets.token_urlsafe(32)}\n", encoding="utf-8")
