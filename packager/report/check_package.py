"""The result of ``package inspect --check`` as text and JSON."""

from __future__ import annotations

import json

from packager.run.check_package import CheckedPackage
from packager.text import escape_control_characters


def as_text(checked: CheckedPackage, name: str) -> str:
    """The differences, and the method that verified each part."""
    wrong = [check for check in checked.checks if not check.ok]
    lines = [escape_control_characters(name)]
    lines += [f"  {part}: {who}" for part, who in checked.examined.verified_by.items()]
    if checked.solution is not None:
        names = ", ".join(member.record.name for member in checked.solution.members) or "none"
        lines.append(f"  members: {names}: against their own manifests")
    lines.append(f"checks: {len(checked.checks) - len(wrong)} of {len(checked.checks)} equal")
    lines += [f"  {c.name}: expected {c.expected}, got {c.actual}" for c in wrong]
    return "\n".join(lines)


def as_json(checked: CheckedPackage) -> str:
    """All checks, and what verified each part."""
    return json.dumps(
        {
            "sound": checked.sound,
            "checks": [check.model_dump(mode="json") for check in checked.checks],
            "verified_by": checked.examined.verified_by,
        }
    )
