"""A report as text, with a line for each detector that found something."""

from __future__ import annotations

from dirty_tables import dirty

from packager.data.checks.run import DETECTORS, check
from packager.data.checks.table import table_of
from packager.review.summary import DESCRIPTIONS, summary


def test_every_detector_has_words_for_people():
    assert set(DESCRIPTIONS) == set(DETECTORS)
    lines = list(summary(check(table_of(dirty(), "label"), models=False)))
    assert lines[0] == "checked 401 rows, 4 columns"
    assert any("duplicate rows" in line for line in lines)
