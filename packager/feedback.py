"""``package feedback``: labels from a file to the server whose predictions they belong to."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from packager.client import Client
from packager.errors import UsageError
from packager.progress import Progress

COLUMNS = ("token", "actual")
BATCH = 5_000


@dataclass(frozen=True)
class Sent:
    """What became of the labels in a file."""

    accepted: int
    rejected: tuple[tuple[int, str], ...]
    """Line of the file (the header is line 1) and reason, in order."""

    @property
    def reasons(self) -> Mapping[str, int]:
        """Reason → labels."""
        return dict(sorted(Counter(reason for _, reason in self.rejected).items()))

    @property
    def complete(self) -> bool:
        """Whether every label counts, now or since an earlier time."""
        return all(reason == "duplicate" for _, reason in self.rejected)


def send(client: Client, source: Path, progress: Progress) -> Sent:
    """Send every line of the CSV ``source``; it may be sent again, as no label counts twice.

    Raises ``UsageError`` for a file without the columns token and actual, before anything is
    sent; ``PackageError`` with the server's own words, when the lines before are counted.
    """
    lines = list(_read(source))
    progress.step(f"sending {len(lines)} labels")
    accepted = 0
    rejected: list[tuple[int, str]] = []
    for start in range(0, len(lines), BATCH):
        part = lines[start : start + BATCH]
        found = client.feedback([(token, actual) for _, token, actual in part], batch=BATCH)
        accepted += found.accepted
        rejected += [(part[index][0], reason) for index, reason in found.rejected]
    return Sent(accepted, tuple(rejected))


def _read(source: Path) -> Iterator[tuple[int, str, str]]:
    """Line number, token and label of each line; other columns are passed over."""
    try:
        with source.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            names = reader.fieldnames or []
            if absent := [name for name in COLUMNS if name not in names]:
                raise UsageError(
                    f"{source}: expected the columns token and actual, got no {absent[0]!r}",
                    "the first line names the columns",
                )
            for row in reader:
                token, actual = row["token"], row["actual"]
                if token is None or actual is None:
                    raise UsageError(
                        f"{source}, line {reader.line_num}: expected {len(names)} cells, got fewer",
                        "every line needs a token and a label",
                    )
                yield reader.line_num, token, actual
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{source}: can't be read as CSV: {error}", "check the file") from error
