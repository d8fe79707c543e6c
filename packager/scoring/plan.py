"""The plan of one scoring run: its input, and the names of everything that it writes."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from packager.cache import atomic_file, writing
from packager.digest import canonical_json, sha256_bytes
from packager.errors import UsageError
from packager.manifest.manifest import Manifest
from packager.model.row_blocks import BadRows
from packager.scoring.units import BLOCK_CELLS, BLOCK_ROWS, UnitSource

Form = Literal["parquet", "csv", "csv-exact", "delta"]
FORMS: Sequence[Form] = ("parquet", "csv", "csv-exact", "delta")
SUCCESS, PARTS, COUNTERS, REJECTS = "_SUCCESS", "_parts.jsonl", "_counters.json", "_rejects.csv"
PLAN, WORK = "_plan.json", "_parts"
STATE = "_scores"
"""Folder of a Delta table, which its readers pass over, with what is not a part."""
_SHORT = 12


@dataclass(frozen=True)
class ScoreRequest:
    """Input, output and options of a scoring run."""

    data: str
    """A file, a folder, ``TABLE`` or ``TABLE@5``."""
    output: Path
    form: Form
    bad: BadRows = "fail"
    keep: tuple[str, ...] = ()
    resume: bool = False
    shard: tuple[int, int] = (1, 1)
    """The number of this shard, from 1, and how many there are."""


@dataclass(frozen=True)
class ScorePlan:
    """The inputs that determine the parts."""

    output: Path
    form: Form
    bad: BadRows
    document: dict[str, Any]

    @classmethod
    def of(cls, request: ScoreRequest, manifest: Manifest, source: UnitSource) -> ScorePlan:
        """The plan; ``UsageError`` for a kept column that the table lacks."""
        absent = next((name for name in request.keep if name not in source.columns), None)
        if absent is not None:
            raise UsageError(
                f"--keep {absent}: expected a column of {request.data}, got none of this name",
                f"it has {', '.join(source.columns[:20])}",
            )
        document = {
            "package": manifest.root,
            "data": source.identity,
            "units": len(source.units),
            "rows": sum(unit.rows for unit in source.units),
            "format": request.form,
            "bad": request.bad,
            "keep": list(request.keep),
            "block": [BLOCK_ROWS, BLOCK_CELLS],
        }
        return cls(request.output, request.form, request.bad, json.loads(canonical_json(document)))

    @cached_property
    def id(self) -> str:
        """The digest of everything that the parts depend on."""
        return sha256_bytes(canonical_json(self.document))

    @property
    def state(self) -> Path:
        """The folder of everything but the parts."""
        return self.output / STATE / self.id[:_SHORT] if self.form == "delta" else self.output

    @property
    def units(self) -> int:
        """The number of parts."""
        return int(self.document["units"])

    def part(self, unit: int) -> Path:
        """The file of a unit's answers."""
        root = self.document["package"][:_SHORT]
        own = f"{root}-{self.id[:_SHORT]}" if self.form == "delta" else root
        suffix = "csv" if self.form.startswith("csv") else "parquet"
        return self.output / f"part-{unit:05}-{own}.{suffix}"

    def record(self, unit: int) -> Path:
        """The file that says that a part is done."""
        return self.state / WORK / f"{unit:05}.json"

    def begin(self, *, resume: bool, units: Sequence[int], shards: int = 1) -> None:
        """Make the folders, or check that they are those of this plan.

        ``units``: those of this shard. Raises ``UsageError`` for an output that exists without
        ``resume``, but for that of the other ``shards``, and for that of another plan.
        """
        path = self.state / PLAN
        if path.is_file():
            began = shards == 1 or (self.state / SUCCESS).exists()
            began = began or any(self.record(unit).exists() for unit in units)
            self._check(json.loads(path.read_bytes()), resume=resume or not began)
        elif self.form != "delta" and self._visible():
            raise UsageError(
                f"{self.output}: expected no such folder, or one of an interrupted run, got one "
                "with other files",
                "name a new folder with --output",
            )
        if (self.state / SUCCESS).exists():
            return
        with writing(self.output):
            (self.state / WORK).mkdir(parents=True, exist_ok=True)
        if not path.is_file():
            with atomic_file(path) as file:
                file.write_bytes(canonical_json(self.document))

    @contextmanager
    def alone(self, shard: tuple[int, int]) -> Iterator[None]:
        """Keep other runs of this shard away; ``UsageError`` if there is one.

        A run without shards keeps all away. The system releases the locks however a process ends.
        """
        import fcntl  # only POSIX has it

        whole = shard == (1, 1)
        own = f"shard-{shard[0]}-{shard[1]}"
        with contextlib.ExitStack() as stack:
            for name, alone in (("run", whole), (own, True)):
                path = self.state / WORK / name
                try:
                    file = stack.enter_context(path.open("wb"))
                except FileNotFoundError:  # another run has just finished this output
                    if not (self.state / SUCCESS).exists():
                        raise
                    break
                try:
                    fcntl.flock(file, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
                except BlockingIOError:
                    raise UsageError(
                        f"{self.output}: expected no other run in it, got one that is at work",
                        "wait for its end, or name a new folder with --output",
                    ) from None
            yield

    def abandon(self) -> None:
        """Remove the folders that this run began, unless a part is recorded."""
        if (self.state / SUCCESS).exists() or [*(self.state / WORK).glob("[0-9]*.json")]:
            return
        shutil.rmtree(self.state / WORK, ignore_errors=True)
        (self.state / PLAN).unlink(missing_ok=True)
        for folder in (self.state, self.state.parent, self.output):
            if folder == self.output or self.output in folder.parents:
                with contextlib.suppress(OSError):  # it has other files
                    folder.rmdir()

    def _visible(self) -> list[Path]:
        """The existing files, without a plan that was never finished."""
        if not self.output.is_dir():
            return [self.output] if self.output.exists() else []
        return [p for p in self.output.iterdir() if not p.name.startswith(".") and p.name != WORK]

    def _check(self, recorded: dict[str, Any], *, resume: bool) -> None:
        if not resume:
            raise UsageError(
                f"{self.output}: expected no such output, got that of an earlier run",
                "add --resume to go on with it, or name a new folder with --output",
            )
        other = [name for name in self.document if recorded.get(name) != self.document[name]]
        if other:
            raise UsageError(
                f"{self.output}: expected the output of this run, got one that differs in: "
                f"{', '.join(other)}",
                "resume with the same package, data and options, or name a new folder with "
                "--output",
            )


def form_of(output: Path, form: Form | None) -> Form:
    """The format of ``output``: as given, or by its suffix, or that of a table; else Parquet."""
    if form is not None:
        return form
    if (output / "_delta_log").is_dir():
        return "delta"
    return "csv" if output.suffix.lower() == ".csv" else "parquet"


def parse_shard(text: str) -> tuple[int, int]:
    """``2/4`` as numbers; ``UsageError`` for anything but I/N with 1 ≤ I ≤ N."""
    number, slash, count = text.partition("/")
    if not (slash and number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
        raise UsageError(
            f"--shard: expected I/N with I from 1 to N, got {text!r}", "for example --shard 1/4"
        )
    return int(number), int(count)
