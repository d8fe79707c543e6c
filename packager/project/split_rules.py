"""Validation of ``[data] split``."""

from __future__ import annotations

from collections.abc import Mapping

from packager.errors import UsageError
from packager.manifest.data_roles import Split
from packager.project.sections import OutputSection

FILENAME = "package.toml"


def check_split(split: Split, outputs: Mapping[str, OutputSection]) -> None:
    """Raise ``UsageError`` unless there is at most one, complete way of splitting."""
    ways = [way for way in ("by", "time", "file") if getattr(split, way)]
    if len(ways) > 1 and ways != ["by", "time"]:
        raise UsageError(
            f"{FILENAME}: `data.split`: expected one way to split, got {' and '.join(ways)}",
            "keep one of by, time and file; by and time may be together",
        )
    if split.gap is not None and not split.time:
        raise UsageError(
            f"{FILENAME}: `data.split.gap`: expected `time` and `from` beside it, got none",
            'write for example split = { time = "date", from = "2025-01-01", gap = "7d" }',
        )
    for name, output in outputs.items():
        if output.group is not None and not ways:
            raise UsageError(
                f"{FILENAME}: `outputs.{name}.group`: expected a split that keeps the rows of a "
                "query together, got one by rows",
                f'write under [data]: split = {{ by = ["{output.group}"] }}',
            )
    if bool(split.time) != bool(split.start):
        raise UsageError(
            f"{FILENAME}: `data.split`: expected `time` and `from` together, got only one",
            'write for example split = { time = "date", from = "2025-01-01" }',
        )
    if not 0 < split.test < 1:
        raise UsageError(
            f"{FILENAME}: `data.split.test`: expected a share between 0 and 1, got {split.test}",
            "0.2 holds out a fifth of the rows",
        )
