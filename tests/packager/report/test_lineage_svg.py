from __future__ import annotations

import xml.etree.ElementTree as ElementTree

from packager.location import Location
from packager.report.lineage_svg import lineage_svg
from packager.tables.lineage import LineageTable
from packager.tables.records import Derivation, Parent, Version

SVG = "{http://www.w3.org/2000/svg}"


def node(
    name: str, *parents: str, stale: tuple[str, ...] = (), step: str = "s:f", gone: bool = False
) -> LineageTable:
    """A table in /t, made of others there at their version 3."""
    derived = None
    if parents:
        made_of = tuple(Parent(table=f"../{p}", version=3, content="") for p in parents)
        derived = Derivation(parents=made_of, step=step, digest="", params={})
    version = Version(
        number=3, milliseconds=0, operation="add", message="", author="", fingerprint=None,
        derived=derived,
    )  # fmt: skip
    location = Location(f"file:///t/{name}")
    uris = tuple(f"file:///t/{parent}" for parent in parents)
    return LineageTable(location, None if gone else version, uris, stale)


def nodes(*found: LineageTable) -> dict[str, LineageTable]:
    return {one.location.uri: one for one in found}


def test_the_picture_is_xml_with_a_box_for_each_table_and_an_arrow_for_each_parent() -> None:
    text = lineage_svg(nodes(node("a"), node("b", "a"), node("c", "a", "b", stale=("b moved",))))
    root = ElementTree.fromstring(text)
    assert len(root.findall(f"{SVG}g")) == 3
    assert len(root.findall(f"{SVG}path[@class='edge']")) == 3
    assert text.count(">@3<") == 3
    stale = root.findall(f"{SVG}g[@class='stale']")
    assert [one.findtext(f"{SVG}title") for one in stale] == ["c@3  (stale); s:f; b moved"]
    assert "prefers-color-scheme: dark" in text


def test_a_parent_that_counts_twice_has_one_arrow_with_both_versions() -> None:
    text = lineage_svg(nodes(node("a"), node("b", "a", "a")))
    assert text.count('<path class="edge"') == 1
    assert ">@3 @3<" in text


def test_hostile_names_and_steps_are_text_and_long_ones_are_whole_in_the_title() -> None:
    step = "<script>x</script>\u202e" * 9
    text = lineage_svg(nodes(node("a"), node("b", "a", step=step)))
    root = ElementTree.fromstring(text)
    assert "<script" not in text
    assert "\u202e" not in text
    titles = [one.findtext(f"{SVG}title") or "" for one in root.findall(f"{SVG}g")]
    assert any(title.count("<script>x</script>") == 9 for title in titles)


def test_a_table_that_is_gone_is_dashed() -> None:
    assert '<g class="stale">' in lineage_svg(nodes(node("a", gone=True), node("b", "a")))
