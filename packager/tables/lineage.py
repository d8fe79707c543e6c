"""The lineage of a table, its ancestors and descendants: as a graph, and as text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from packager.errors import PackageError
from packager.location import Location
from packager.tables.allowed_locations import AllowedLocations
from packager.tables.delta import VersionedTable
from packager.tables.derive import stale
from packager.tables.pins import pins
from packager.tables.records import Version

MAX_TABLES = 500


@dataclass(frozen=True)
class LineageTable:
    """One table at its latest version."""

    location: Location
    version: Version | None
    """None if the table doesn't exist, has no version or wasn't opened."""
    parents: tuple[str, ...]
    """Their URIs."""
    stale: tuple[str, ...]
    """Why the table differs from what its step would give now."""
    opened: bool = True
    """Whether it was opened: a table elsewhere is not, unless ``follow`` names it."""

    @property
    def label(self) -> str:
        """``name@3``, and whether it is stale, gone or not opened."""
        if not self.opened:
            return f"{self.location.name}  (not opened)"
        number = "gone" if self.version is None else str(self.version.number)
        return f"{self.location.name}@{number}{'  (stale)' if self.stale else ''}"


def lineage(location: Location, follow: Iterable[Location] = ()) -> dict[str, LineageTable]:
    """URI → node of the table, its ancestors, and everything derived from those.

    Tables outside its folder are opened only if they equal, or are below, one of ``follow``.
    """
    reach = AllowedLocations.of(location, follow=follow)
    nodes: dict[str, LineageTable] = {}
    known: dict[str, list[str]] = {}
    waiting = [location]
    while waiting:
        place = waiting.pop()
        if place.uri in nodes:
            continue
        if len(nodes) == MAX_TABLES:
            raise PackageError(
                f"{location}: expected at most {MAX_TABLES} tables that belong together, got more",
                "ask for the lineage of a table that has fewer parents and children",
            )
        nodes[place.uri] = node = _node(place, reach, known)
        waiting += [Location(uri) for uri in node.parents]
        if node.version is not None:
            children = {pin.table for pin in pins(place) if pin.table is not None}
            waiting += [place.beside(child) for child in sorted(children)]
    _refuse_circles(location, nodes)
    return {
        uri: node
        for uri, node in nodes.items()
        if node.version or not node.opened or _named(uri, nodes)
    }


def _refuse_circles(location: Location, nodes: dict[str, LineageTable]) -> None:
    """Raise ``PackageError`` if the commits of (untrusted) tables form a cycle."""
    sorter = TopologicalSorter({uri: node.parents for uri, node in nodes.items()})
    try:
        sorter.prepare()
    except CycleError as error:
        names = " → ".join(Location(uri).name for uri in error.args[1])
        raise PackageError(
            f"{location}: expected an acyclic lineage, got a cycle: {names}",
            "the commit of one of them was changed: restore its log from a copy of the table",
        ) from error


def _named(uri: str, nodes: dict[str, LineageTable]) -> bool:
    return any(uri in node.parents for node in nodes.values())


def _node(location: Location, reach: AllowedLocations, known: dict[str, list[str]]) -> LineageTable:
    if not reach.has(location):
        return LineageTable(location, None, (), (), opened=False)
    if not VersionedTable.exists(location):
        return LineageTable(location, None, (), ())
    version = VersionedTable.open(location).latest
    derived = version.derived if version else None
    parents = tuple(location.beside(p.table).uri for p in derived.parents) if derived else ()
    reasons = tuple(stale(location, version, reach, known)) if version and derived else ()
    return LineageTable(location, version, parents, reasons)


def lineage_text(nodes: dict[str, LineageTable]) -> str:
    """A tree from each table without parents; a table with two parents appears twice."""
    roots = [node for node in nodes.values() if not node.parents]
    shown: set[str] = set()
    return "\n".join(line for root in by_name(roots) for line in _tree(root, nodes, shown))


def _tree(
    node: LineageTable,
    nodes: dict[str, LineageTable],
    shown: set[str],
    first: str = "",
    rest: str = "",
) -> Iterator[str]:
    step = f"  ← {node.version.derived.step}" if node.version and node.version.derived else ""
    yield f"{first}{node.label}{step}"
    below = [n for n in nodes.values() if node.location.uri in n.parents]
    # A subtree is shown once: many paths may lead to a table.
    children = [] if node.location.uri in shown else by_name(below)
    shown.add(node.location.uri)
    for reason in node.stale:
        yield f"{rest}{'│  ' if children else '   '}! {reason}"
    for child in children:
        last = child is children[-1]
        marks = ("└─ ", "   ") if last else ("├─ ", "│  ")
        yield from _tree(child, nodes, shown, rest + marks[0], rest + marks[1])


def by_name(nodes: Iterable[LineageTable]) -> list[LineageTable]:
    """``nodes`` in display order."""
    return sorted(nodes, key=lambda node: (node.location.name, node.location.uri))
