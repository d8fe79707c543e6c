"""The reliability curve on the page of a test on new data."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import pytest
import tested_packages as made

from packager.report.data_test_reliability import BASE, LEFT, SIDE, reliability
from packager.worker.test.details import CalibrationDetails

FOUND = CalibrationDetails(**made.curve())


def drawn(found: CalibrationDetails) -> ElementTree.Element:
    text = reliability(found)
    return ElementTree.fromstring(text[text.index("<svg") : text.index("</svg>") + 6])


def test_points_lie_at_their_confidence_and_accuracy() -> None:
    dots = [one for one in drawn(FOUND).iter("circle") if one.attrib["class"] == "now"]
    points = [(float(one.attrib["cx"]), float(one.attrib["cy"])) for one in dots]
    expected = [
        (LEFT + SIDE * c, BASE - SIDE * a)
        for c, a in zip(FOUND.confidence, FOUND.accuracy, strict=True)
    ]
    assert points == [pytest.approx(point, abs=0.06) for point in expected]


def test_bands_and_packaged_rings_are_drawn_where_they_are_known() -> None:
    shapes = drawn(FOUND)
    assert len([one for one in shapes.iter("circle") if one.attrib["class"] == "ring"]) == 2
    assert len([one for one in shapes.iter("line") if one.attrib["class"] == "interval"]) == 3
    [band] = shapes.iter("polygon")
    assert len(band.attrib["points"].split()) == 6
    title = shapes.find("title")
    assert title is not None
    assert title.text == "Reliability in 3 bins; confidence and accuracy differ by at most 0.05000"


def test_its_table_has_every_bin() -> None:
    text = reliability(FOUND)
    assert re.search(r"0\.5500</span>.*0\.5000 to 0\.7000.*>50<", text)
    assert text.count("<tr>") == 4


def test_one_bin_and_none() -> None:
    one = CalibrationDetails(confidence=(0.9,), accuracy=(1,), low=(0.9,), high=(1,), rows=(5,))
    assert len(list(drawn(one).iter("circle"))) == 1
    empty = CalibrationDetails(confidence=(), accuracy=(), low=(), high=(), rows=())
    assert reliability(empty) == ""
