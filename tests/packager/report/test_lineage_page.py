from __future__ import annotations

import re
from dataclasses import replace

from packager.location import Location
from packager.report.lineage_page import lineage_page
from packager.tables.lineage import LineageTable
from packager.tables.records import Derivation, Parent, Version

HOSTILE = "<script>x</script>"


def table(name: str, number: int, derived: Derivation | None = None) -> LineageTable:
    version = Version(
        number=number, milliseconds=0, operation="add", message="", author="", fingerprint=None,
        derived=derived,
    )  # fmt: skip
    return LineageTable(Location(f"file:///t/{name}"), version, (), ())


def test_the_page_has_the_picture_and_every_table_with_its_reason() -> None:
    raw = table("raw", 2)
    made_of = (Parent(table="../raw", version=1, content=""),)
    clean = table("clean", 1, Derivation(parents=made_of, step=HOSTILE, digest="", params={}))
    clean = replace(clean, parents=(raw.location.uri,), stale=("raw is at 2",))
    text = lineage_page({one.location.uri: one for one in (raw, clean)}, HOSTILE)
    assert "<script" not in text
    assert "default-src 'none'" in text
    assert text.count("<svg ") == 1
    rows = re.findall(r'<tr><th scope="row".*?</tr>', text)
    cells = [re.sub(r"(<[^>]*>)+", "|", row) for row in rows]
    assert cells[0].strip("|").split("|")[:3] == ["clean", "1", "stale"]
    assert "raw@1" in cells[0]
    assert "raw is at 2" in cells[0]
    assert cells[1].strip("|").split("|")[:3] == ["raw", "2", "current"]
    assert ">rows<" not in text  # of no table is the count known
