"""The page of a lineage: every table a row, whatever it is called."""

from __future__ import annotations

from packager.location import Location
from packager.report.lineage_page import lineage_page
from packager.tables.lineage import Node


def node(name: str, *parents: str, stale: tuple[str, ...] = ()) -> Node:
    return Node(Location(name), None, tuple(parents), stale)


def test_a_table_that_is_gone_stands_there_with_its_reason():
    nodes = {
        "/t/raw": node("/t/raw"),
        "/t/clean": node("/t/clean", "/t/raw", stale=("raw is gone", "its step changed")),
    }
    found = lineage_page(nodes, "clean")
    assert "<dt>tables</dt><dd>2</dd>" in found
    assert "<dt>stale</dt><dd>1</dd>" in found
    assert found.count(">gone</td>") == 2
    assert "raw is gone; its step changed" in found
    assert "<svg" in found


def test_a_name_is_text_in_the_picture_and_in_the_rows():
    name = "/t/<script>alert(1)</script>"
    found = lineage_page({name: node(name)}, "<b>")
    assert "<script" not in found
    assert "<b>" not in found
