"""Check the base and the settings of an image."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from packager.image.config import assemble
from packager.manifest.manifest import Lock
from packager.model.integrity import IntegrityCheck

PLATFORM_KEYS = ("architecture", "os")
START_KEYS = (
    *("Cmd", "Entrypoint", "Env", "User", "WorkingDir", "Healthcheck", "ExposedPorts"),
    *("Volumes", "OnBuild", "Shell", "StopSignal", "StopTimeout"),
)
"""Config keys that affect what runs; the others are labels and metadata of engines."""


def settings_checks(called: str, config: Mapping[str, Any], lock: Lock) -> list[IntegrityCheck]:
    """Check the settings of an image against those that this version of the program writes."""
    base = None if lock.base == "none" else lock.base
    written = json.loads(assemble("expected", base, (), lock.platform, {}).config)
    expected, actual = written["config"], config.get("config") or {}
    pairs = [(key, written.get(key), config.get(key)) for key in PLATFORM_KEYS]
    pairs += [(key, expected.get(key), actual.get(key)) for key in START_KEYS]
    checks = [_check(f"{called}: {key}", _text(ours), _text(theirs)) for key, ours, theirs in pairs]
    return [check for check in checks if not check.ok] or [
        IntegrityCheck(
            name=f"{called}: settings",
            expected="as written here",
            actual="as written here",
            ok=True,
        )
    ]


def base_check(diff_ids: list[str], lock: Lock) -> IntegrityCheck:
    """Check the lowest layers against the lock's base."""
    base = () if lock.base == "none" else lock.base.diff_ids
    return _check("base", " ".join(base) or "none", " ".join(diff_ids[: len(base)]) or "none")


def _text(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(item, str) and "=" in item for item in value):
        value = sorted(value)  # environment variables, in any order
    return json.dumps(value, sort_keys=True) if value else "nothing"


def _check(name: str, expected: str, actual: str) -> IntegrityCheck:
    return IntegrityCheck(name=name, expected=expected, actual=actual, ok=expected == actual)
