"""The records that a table's commit stores besides its rows."""

from __future__ import annotations

import pandas as pd
import pytest

from packager.data.fingerprint import fingerprint
from packager.tables.records import Version, content_of


def version(milliseconds: int) -> Version:
    return Version(
        number=1,
        milliseconds=milliseconds,
        operation="add",
        message="",
        author="",
        fingerprint=None,
    )


@pytest.mark.parametrize(
    ("milliseconds", "when"),
    [
        (0, "1970-01-01 00:00"),
        (1_700_000_000_999, "2023-11-14 22:13"),
        (10**18, f"{10**18} ms"),
        (-(10**18), f"{-(10**18)} ms"),
    ],
)
def test_any_time_that_a_log_tells_is_shown(milliseconds, when):
    assert version(milliseconds).when == when


def test_content_is_the_rows_in_their_order_and_not_the_files():
    frame = pd.DataFrame({"a": [1, 2, 3]})
    content = content_of(fingerprint(frame))
    assert content_of(fingerprint(frame.copy())) == content
    others = (frame[::-1], frame.rename(columns={"a": "b"}), frame[:2], frame.astype("str"))
    assert len({content, *(content_of(fingerprint(one)) for one in others)}) == 5
