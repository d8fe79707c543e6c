"""The labels of a version, as its commit names them."""

from __future__ import annotations

import pytest
from labelled_tables import QUALITY

from packager.manifest.label_schemes import LabelScheme
from packager.tables.labels.records import LabelSet

FILE = "0a1b2c3d-0000-4000-8000-000000000000.parquet"


def labels(**more):
    return LabelSet(**{"file": FILE, "sha256": "0" * 64, "count": 1, "schemes": (QUALITY,)} | more)


def test_equal_labels_are_identified_whatever_file_they_are_in():
    other = labels(file=FILE.replace("0a", "0b"))
    assert labels().identity == other.identity
    assert labels().identity != labels(sha256="1" * 64).identity
    assert labels().identity != labels(key=("id",)).identity
    wider = LabelScheme(name="quality", classes=("bad", "good", "best"))
    assert labels().identity != labels(schemes=(wider,)).identity


@pytest.mark.parametrize(
    "field",
    [{"file": "../../x.parquet"}, {"sha256": "x"}, {"count": -1}, {"schemes": (QUALITY, QUALITY)}],
)
def test_a_log_names_a_file_in_its_folder_and_each_scheme_once(field):
    with pytest.raises(ValueError, match=next(iter(field))):
        labels(**field)
