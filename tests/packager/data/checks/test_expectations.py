"""What is known of the columns beforehand: declared, or seen in the previous version."""

from __future__ import annotations

import numpy as np
import pytest
from dirty_tables import stones
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from packager.data.checks.expectations import DeclaredColumn, Expectations, smallest
from packager.data.fingerprint import row_hashes


def test_the_previous_version_is_known_by_columns_sample_and_slices():
    frame = stones(50, 0)
    known = Expectations().compared_with(frame, ["colour", "absent"], {"large": "size > 5"})
    assert known.rows == 50
    assert [column.name for column in known.previous] == list(frame.columns)
    assert known.before("size").kind == "number"
    assert known.before("absent") is None
    assert sorted(known.sampled.tolist()) == sorted(row_hashes(frame).tolist())
    assert known.slices.rows["__all__"] == 50
    assert known.slices.rows["large"] == int((frame["size"] > 5).sum())
    assert set(known.slices.columns) == {"colour"}


def test_what_was_declared_stays_and_a_document_gives_it_back(tmp_path):
    declared = {"size": DeclaredColumn(min=0, max=9, nullable=False)}
    known = Expectations(declared=declared).compared_with(stones(9, 0), accepted=True)
    assert known.declared == declared
    assert known.accepted
    (tmp_path / "e.json").write_bytes(known.dump())
    assert Expectations.load(tmp_path / "e.json") == known


@pytest.mark.parametrize(
    "rule",
    ["age > 3", "size > 'x'", "size >", "colour > 3"],
    ids=["absent", "text", "half", "kind"],
)
def test_a_rule_that_the_previous_version_cannot_answer_has_no_share(rule):
    assert Expectations().compared_with(stones(9, 0), [], {"r": rule}).slices is None


def test_an_empty_previous_version_has_columns_and_no_shares():
    known = Expectations().compared_with(stones(9, 0).iloc[:0], ["colour"])
    assert (known.rows, known.slices, len(known.sampled)) == (0, None, 0)


@given(st.lists(st.integers(0, 2**64 - 1), unique=True), st.integers(0, 12))
def test_the_smallest_hashes_are_found_and_their_places_ascend(hashes, most):
    places = smallest(np.array(hashes, np.uint64), most).tolist()
    assert places == sorted(places)
    assert sorted(hashes[place] for place in places) == sorted(hashes)[:most]


def test_a_declaration_has_no_other_names():
    with pytest.raises(ValidationError, match="maximun"):
        DeclaredColumn.model_validate({"maximun": 3})
    assert DeclaredColumn.model_validate({"max": 3}).maximum == 3
