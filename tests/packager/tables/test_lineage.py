"""The parents of a table, the tables derived from it, and which are stale."""

import pytest
from derived_tables import run

from packager.location import Location
from packager.report.lineage_svg import lineage_svg
from packager.tables.lineage import lineage, lineage_text


@pytest.mark.slow
def test_lineage_draws_what_is_above_and_below_and_what_is_stale(steps, raw, clean, commit, frame):
    both = Location(str(steps / "both"))
    run(steps, clean, [raw])
    run(steps, both, [raw, clean], "steps:joined")
    assert lineage_text(lineage(raw)).splitlines() == [
        "raw@1",
        "├─ both@1  ← steps:joined",
        "└─ clean@1  ← steps:clean",
        "   └─ both@1  ← steps:joined",
    ]
    commit(frame.assign(x=0.5), location=raw)
    nodes = lineage(both)
    text = lineage_text(nodes)
    assert "clean@1  (stale)" in text
    assert "clean is stale" in text
    svg = lineage_svg(nodes)
    assert svg.count('<rect class="box"') == 3
    assert svg.count('<g class="stale">') == 2
    assert svg.count('<path class="edge" d="M') == 3
    assert svg.count(">@1<") == 3
