"""The updates of a folder that were done, one JSON object a line."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

from packager.rollout.request import UpdateRequest, UpdateResult

FILE = "updates.jsonl"


def record_update(folder: Path, result: UpdateResult, request: UpdateRequest) -> None:
    """Append what was done, when, by which verdict, or why without one."""
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    document = {"at": now, "no_gate": request.no_gate or None, **result.document}
    with (folder / FILE).open("a", encoding="utf-8") as file:
        file.write(json.dumps(document) + "\n")
