"""Writes the lineage of a table as an HTML page: the graph, then a row per table."""

from __future__ import annotations

from collections.abc import Iterator

from packager.location import Location
from packager.report.lineage_svg import lineage_svg
from packager.report.page import html_table, page, section
from packager.report.table import Cell
from packager.tables.lineage import LineageTable, by_name


def lineage_page(nodes: dict[str, LineageTable], name: str) -> str:
    """The HTML page of the lineage of the table called ``name``."""
    stale = sum(bool(node.stale) for node in nodes.values())
    facts = {"tables": str(len(nodes)), "stale": str(stale)}
    picture = (
        f'<div class="scroll" tabindex="0" role="region" aria-label="picture">'
        f"{lineage_svg(nodes)}</div>"
    )
    heads = ("table", "version", "rows", "state", "made of", "by", "why")
    tables = html_table("Tables", heads, _rows(nodes), right=("version",))
    return page("Lineage", name, [section("Picture", picture), tables], facts)


def _rows(nodes: dict[str, LineageTable]) -> Iterator[tuple[Cell, ...]]:
    for node in by_name(nodes.values()):
        version = node.version
        derived = version.derived if version else None
        fingerprint = version.fingerprint if version else None
        parents = ""
        if derived is not None:
            taken = zip(node.parents, derived.parents, strict=True)
            parents = ", ".join(f"{Location(uri).name}@{one.version}" for uri, one in taken)
        yield (
            node.location.name,
            str(version.number) if version else "",
            fingerprint.row_count if fingerprint else None,
            _state(node),
            parents,
            derived.step if derived else "",
            "; ".join(node.stale),
        )


def _state(node: LineageTable) -> str:
    if not node.opened:
        return "not opened"
    return "gone" if node.version is None else "stale" if node.stale else "current"
