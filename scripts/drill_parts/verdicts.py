"""The verdicts of a drill beside those of the one before: a drill is to be repeatable."""

from __future__ import annotations

import json
from pathlib import Path

from drill_parts.checks import Record


def compared_verdicts(record: Record, file: Path, form: str) -> str:
    """Keep the verdicts in ``file``; what differs from the last drill of the same ``form``."""
    kept = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    before = kept.get(form)
    now = {f"{one.phase}: {one.name}": one.holds for one in record.checks}
    file.write_text(json.dumps({**kept, form: now}, indent=1), encoding="utf-8")
    if before is None:
        return "no earlier drill to compare with"
    other = [name for name in sorted({*before, *now}) if before.get(name) != now.get(name)]
    if not other:
        return f"all {len(now)} as in the drill before"
    return f"other than in the drill before: {'; '.join(other)}"
