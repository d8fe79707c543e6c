"""Check the base and the settings of an image."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from packager.image.config import LABEL, TITLE, VERSION, start_settings
from packager.manifest.manifest import Lock, Manifest
from packager.model.integrity import IntegrityCheck

PLATFORM_KEYS = ("os", "architecture")
START_KEYS = (
    *("Cmd", "Entrypoint", "Env", "User", "WorkingDir", "Healthcheck", "ExposedPorts"),
    *("Volumes", "OnBuild", "Shell", "StopSignal", "StopTimeout"),
)
"""Config keys that affect what runs; the others are labels and metadata of engines."""


def version_checks(
    recorded: Mapping[str, Any], lock: Lock, *, grpc: bool = False
) -> list[IntegrityCheck]:
    """Check the settings in a manifest against those that this version of the program writes.

    ``grpc``: whether the server has a port for gRPC.
    """
    base = None if lock.base == "none" else lock.base
    system, architecture = lock.platform.split("/")
    config = {"config": recorded, "os": system, "architecture": architecture}
    return settings_checks("manifest", config, lock.platform, start_settings(base, grpc=grpc))


def settings_checks(
    called: str, config: Mapping[str, Any], platform: str, expected: Mapping[str, Any]
) -> list[IntegrityCheck]:
    """Check the settings of an image against ``expected``, which a manifest records.

    One failed check per differing setting, or one for all.
    """
    actual = config.get("config") or {}
    parts = dict(zip(PLATFORM_KEYS, platform.split("/"), strict=True))
    pairs = [(key, parts.get(key), config.get(key)) for key in PLATFORM_KEYS]
    pairs += [(key, expected.get(key), actual.get(key)) for key in START_KEYS]
    checks = [_check(f"{called}: {key}", _text(ours), _text(theirs)) for key, ours, theirs in pairs]
    return [check for check in checks if not check.ok] or [
        IntegrityCheck(name=f"{called}: settings", expected="the same", actual="the same", ok=True)
    ]


def label_checks(
    called: str, config: Mapping[str, Any], manifest: Manifest
) -> list[IntegrityCheck]:
    """Failed checks for labels that say something else of the package than its ``manifest``."""
    labels = (config.get("config") or {}).get("Labels") or {}
    stated = {
        f"{LABEL}.name": manifest.name,
        f"{LABEL}.task": manifest.task,
        f"{LABEL}.companion-of": manifest.root,
        TITLE: manifest.name,
        VERSION: manifest.version,
    }
    return [
        _check(f"{called}: label {name}", value, str(labels[name]))
        for name, value in stated.items()
        if labels.get(name, value) != value
    ]


def base_check(diff_ids: list[str], lock: Lock) -> IntegrityCheck:
    """Check the lowest layers against the lock's base."""
    base = () if lock.base == "none" else lock.base.diff_ids
    return _check("base", " ".join(base) or "none", " ".join(diff_ids[: len(base)]) or "none")


def _text(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(item, str) and "=" in item for item in value):
        value = sorted(value)  # environment variables, in any order
    return "nothing" if value in (None, "", [], {}) else json.dumps(value, sort_keys=True)


def _check(name: str, expected: str, actual: str) -> IntegrityCheck:
    return IntegrityCheck(name=name, expected=expected, actual=actual, ok=expected == actual)
