"""The graph of tables as SVG: boxes that hold their text, arrows that say which version."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from derived_tables import run

from packager.location import Location
from packager.report.lineage_svg import lineage_svg
from packager.tables.lineage import lineage

SVG = "{http://www.w3.org/2000/svg}"


def test_no_tables_are_an_empty_picture():
    assert ET.fromstring(lineage_svg({})).findall(f"{SVG}g") == []


@pytest.fixture
def derived(tmp_path, monkeypatch):
    """Two tables, the second derived from the first."""
    import pandas as pd
    from derived_tables import STEPS

    from packager.tables.commit import commit_rows
    from packager.tables.source import frame_source

    (tmp_path / "steps.py").write_text(STEPS)
    (tmp_path / "helpers.py").write_text("FACTOR = 1\n")
    raw, clean = Location(str(tmp_path / 'a"<b>')), Location(str(tmp_path / ("long" * 30)))
    commit_rows(frame_source(pd.DataFrame({"id": [1], "x": [2.0]})), raw, "m", "me")
    run(tmp_path, clean, [raw])
    return lineage(clean)


@pytest.mark.slow
def test_a_derived_table_stands_right_of_its_parent_and_names_the_version(derived):
    picture = ET.fromstring(lineage_svg(derived))
    boxes = picture.findall(f"{SVG}g")
    assert len(boxes) == 2
    places = [float(box.find(f"{SVG}rect").get("x")) for box in boxes]
    assert len(set(places)) == 2
    assert "@1" in [text.text for text in picture.findall(f"{SVG}text")]
    names = [box.find(f"{SVG}text").text for box in boxes]
    assert any(name.startswith('a"<b>') for name in names)
    assert any("…" in name for name in names)
    assert len(picture.findall(f"{SVG}path")) == 1
