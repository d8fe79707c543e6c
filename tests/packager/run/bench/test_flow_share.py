from __future__ import annotations

import pytest

from packager.run.bench.flow_share import flow_share

SECONDS = {
    "a": {"own": 0.3, "crossing": 0.1, "waiting": 0.0, "overlapped": 0.0},
    "b": {"own": 0.1, "crossing": 0.2, "waiting": 0.1, "overlapped": 5.0},
}


def test_shares_sum_to_one_without_what_overlaps() -> None:
    found = flow_share(SECONDS, 0.2, 1000)
    assert found is not None
    assert [one.share for one in found.members] == pytest.approx([0.4, 0.4])
    assert found.share + sum(one.share for one in found.members) == pytest.approx(1.0)
    assert (found.total_us, found.flow_us) == pytest.approx((1000, 200))
    assert found.members[1].overlapped_us == pytest.approx(5000)


def test_a_package_of_one_model_has_none() -> None:
    assert flow_share({}, 0.0, 10) is None
    assert flow_share(SECONDS, 0.2, 0) is None
