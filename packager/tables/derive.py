"""Tables derived from tables: exact parents, no repeated computation, stale if parents change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Protocol

from packager.cache import temporary_directory
from packager.digest import canonical_json
from packager.errors import PackageError, UsageError
from packager.location import Location
from packager.progress import Progress
from packager.tables.allowed_locations import AllowedLocations
from packager.tables.checkout import export, revert
from packager.tables.commit import commit_derived
from packager.tables.commits import Authorship
from packager.tables.delta import VersionedTable
from packager.tables.labels.store import Labels, read_labels
from packager.tables.pins import Pin, pin_or_warn
from packager.tables.records import Derivation, Parent, Version, content_of
from packager.tables.source import open_source


class DeriveStep(Protocol):
    """The computation of a derived table."""

    @property
    def text(self) -> str:
        """Its name in messages and records."""

    @property
    def params(self) -> Mapping[str, Any]:
        """Its parameters, as JSON values."""

    def digest(self, directory: Path) -> str:
        """sha256 over everything else that its result depends on, except the parents."""

    def run(self, parents: Sequence[Path], out: Path, directory: Path) -> None:
        """Write the Parquet file ``out`` from those of the parents, or raise ``PackageError``."""

    @property
    def reads_labels(self) -> bool:
        """Whether its result depends on the parents' labels."""

    def labels(self, parents: Sequence[Labels | None]) -> Labels | None:
        """The labels of the result, from those of the parents; None for none.

        Called only if it ``reads_labels``.
        """


@dataclass(frozen=True)
class DeriveResult:
    """The version that holds the result, and whether it was computed."""

    version: Version
    outcome: Literal["computed", "unchanged", "reverted"]
    """``reverted``: an older version had the same inputs and became the current one."""

    @property
    def summary(self) -> str:
        """``outcome`` as a message."""
        back = f"reverted to version {self.version.reverted_to}, which has the same inputs"
        text = {"unchanged": "unchanged: the inputs are the same", "reverted": back}
        return text.get(self.outcome, self.outcome)


def derive(
    location: Location,
    parents: Sequence[Location],
    step: DeriveStep,
    authorship: Authorship,
    directory: Path,
    progress: Progress,
) -> DeriveResult:
    """Make the result of ``step``, run in ``directory``, the current version of ``location``.

    A parent without a version means its latest. If a version of equal parents (by content), code
    and parameters exists, nothing is computed. Raises ``PackageError`` if the step fails.
    """
    if not parents:
        raise UsageError("--parent: expected at least one parent, got none", "name TABLE@VERSION")
    if any(parent.uri == location.uri for parent in parents):
        raise UsageError(f"{location}: expected other tables as parents", "derive into a new table")
    reach = AllowedLocations.of(location, *parents)
    for parent in parents:
        _refuse_circle(location, parent, reach)
    exact = [VersionedTable.open(parent).version(parent.version) for parent in parents]
    pairs = zip(parents, exact, strict=True)
    derivation = Derivation(
        parents=tuple(_parent(location, p, v, step.reads_labels) for p, v in pairs),
        step=step.text,
        digest=step.digest(directory),
        params=dict(step.params),
    )
    known = _known(location, derivation)
    if known is not None:
        unchanged = known.outcome == "unchanged"
        derived = known if unchanged else _back(location, known.version, authorship.by)
        _pin(parents, exact, location, progress)
        return derived
    with temporary_directory() as folder:
        files = [folder / str(i) / f"{parent.name}.parquet" for i, parent in enumerate(parents)]
        for parent, version, file in zip(parents, exact, files, strict=True):
            export(Location(parent.uri, version.number), file)
        out = folder / "out.parquet"
        step.run(files, out, directory)
        if not out.is_file():
            raise PackageError(
                f"step {step.text}: expected a Parquet file at {{out}}, got none",
                "write the result to the file that {out} stands for",
            )
        source = replace(open_source(out), labels=_labels_of(step, parents, exact))
        # Pinned before the commit, so that no commit exists without its pins.
        _pin(parents, exact, location, progress)
        commit = commit_derived(source, location, authorship, derivation)
    return DeriveResult(commit.version, "computed")


def _labels_of(
    step: DeriveStep, parents: Sequence[Location], exact: Sequence[Version]
) -> Labels | None:
    if not step.reads_labels:
        return None
    return step.labels([read_labels(p, version) for p, version in zip(parents, exact, strict=True)])


def _refuse_circle(location: Location, parent: Location, reach: AllowedLocations) -> None:
    """Raise ``UsageError`` if ``parent`` is derived from the table, as far as ``reach`` allows."""
    version = VersionedTable.open(parent).version(parent.version)
    for above in version.derived.parents if version.derived else ():
        where = parent.beside(above.table)
        if where.uri == location.uri:
            raise UsageError(
                f"{location}: expected parents that are not derived from it, got {parent}",
                "derive into a new table",
            )
        if reach.has(where) and VersionedTable.exists(where):
            _refuse_circle(location, Location(where.uri, above.version), reach)


def elsewhere(location: Location, version: Version, reach: AllowedLocations) -> list[Location]:
    """The parents of a version that are outside ``reach``."""
    parents = version.derived.parents if version.derived else ()
    locations = [location.beside(parent.table) for parent in parents]
    return [place for place in locations if not reach.has(place)]


def stale(
    location: Location,
    version: Version,
    reach: AllowedLocations,
    known: dict[str, list[str]] | None = None,
) -> list[str]:
    """Why a derived version differs from what its step would give now; empty if it doesn't.

    All ancestors are compared by content; the step's code is not compared. Parents that may not be
    opened (``elsewhere``) are skipped. ``known``: results for the latest versions of other tables,
    because several paths may lead to one table.
    """
    known = {} if known is None else known
    reasons = []
    for parent in version.derived.parents if version.derived else ():
        where = location.beside(parent.table)
        if not reach.has(where):
            continue
        if not VersionedTable.exists(where):
            reasons.append(f"{where} is gone")
            continue
        now = VersionedTable.open(where).version(None)
        relabelled = parent.labels is not None and _labels(now) != parent.labels
        if _content(now, where) != parent.content or relabelled:
            reasons.append(
                f"{where} is at version {now.number};"
                f" this table was derived from version {parent.version}"
            )
        elif _latest_stale(where, now, reach, known):
            reasons.append(f"{where} is stale")
    return reasons


def _latest_stale(
    location: Location, latest: Version, reach: AllowedLocations, known: dict[str, list[str]]
) -> list[str]:
    if location.uri not in known:
        known[location.uri] = []  # a provisional result, because untrusted tables may form a cycle
        known[location.uri] = stale(location, latest, reach, known)
    return known[location.uri]


def _parent(location: Location, parent: Location, version: Version, labels: bool) -> Parent:
    return Parent(
        table=parent.relative_to(location),
        version=version.number,
        content=_content(version, parent),
        labels=_labels(version) if labels else None,
    )


def _labels(version: Version) -> str:
    """Identifier of a version's labels and schemes; empty for none."""
    held = version.labels
    return "" if held is None else held.identity


def _content(version: Version, location: Location) -> str:
    if version.fingerprint is None:  # another program wrote it: identified by its number
        return f"{location.name}@{version.number}"
    return content_of(version.fingerprint)


def _known(location: Location, derivation: Derivation) -> DeriveResult | None:
    """The newest version with the same inputs, as a result; None if there is none."""
    if not VersionedTable.exists(location):
        return None
    store = VersionedTable.open(location)
    for version in reversed(store.versions):
        if version.derived and _inputs(version.derived) == _inputs(derivation):
            latest = version.number == store.versions[-1].number
            return DeriveResult(version, "unchanged" if latest else "reverted")
    return None


def _inputs(derivation: Derivation) -> bytes:
    parents = [(parent.table, parent.content, parent.labels) for parent in derivation.parents]
    return canonical_json([parents, derivation.step, derivation.digest, derivation.params])


def _back(location: Location, version: Version, by: str) -> DeriveResult:
    message = f"inputs are those of {version.number} again"
    return DeriveResult(revert(Location(location.uri, version.number), message, by), "reverted")


def _pin(
    parents: Sequence[Location],
    versions: Sequence[Version],
    location: Location,
    progress: Progress,
) -> None:
    """Record at each parent that the derived table needs this version of it."""
    for parent, version in zip(parents, versions, strict=True):
        where = location.relative_to(Location(parent.uri))
        pin = Pin(version=version.number, needed_by=f"table {location.name}", table=where)
        pin_or_warn(Location(parent.uri), pin, progress)
