from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.deploy.kserve.versions import (
    PredictorVersion,
    PredictorVersions,
    percent_of,
    with_version,
)
from packager.errors import UsageError


def version(number: int) -> PredictorVersion:
    return PredictorVersion(f"{number}.0.0", f"h/shop@sha256:{number:064x}", 1024, 2, False)


OLD, NEW = version(1), version(0xABCDEF << 232)
STABLE = PredictorVersions("shop", OLD)


def test_a_canary_is_beside_the_stable_version() -> None:
    both = with_version("shop", STABLE, NEW, 10)
    assert both.stable == OLD
    assert both.percent == 10
    assert both.canary is not None
    assert (both.canary.version, both.canary.predictor) == (NEW.version, "cabcdef00")


def test_a_promotion_keeps_the_pods_and_an_update_keeps_the_name() -> None:
    both = with_version("shop", STABLE, NEW, 10)
    promoted = with_version("shop", both, NEW, None)
    assert promoted == PredictorVersions("shop", both.canary or OLD)
    assert with_version("shop", promoted, version(3), None).stable.predictor == "cabcdef00"


def test_a_canary_ends_when_the_stable_version_is_deployed_again() -> None:
    assert with_version("shop", with_version("shop", STABLE, NEW, 10), OLD, None) == STABLE


@pytest.mark.parametrize(
    ("known", "new", "percent", "told"),
    [
        (None, NEW, 10, "expected a stable version of shop in this folder, got none"),
        (STABLE, OLD, 10, "expected another image than that of the stable version 1.0.0"),
        (STABLE, NEW, 101, "expected 0 to 1, got 1.01"),
        (STABLE, NEW, -1, "expected 0 to 1, got -0.01"),
    ],
)
def test_what_no_canary_can_be_is_refused(
    known: PredictorVersions | None, new: PredictorVersion, percent: int, told: str
) -> None:
    with pytest.raises(UsageError, match=f"^--canary: {told}"):
        with_version("shop", known, new, percent)


@given(st.lists(st.tuples(st.integers(1, 4), st.none() | st.integers(0, 100)), max_size=12))
def test_the_record_holds_the_versions_and_names_differ(
    steps: list[tuple[int, int | None]],
) -> None:
    known = with_version("shop", None, version(1 << 224), None)
    for number, percent in steps:
        new = version(number << 224)
        if percent is None or new.image != known.stable.image:
            known = with_version("shop", known, new, percent)
        assert PredictorVersions.of(json.loads(json.dumps(known.notes))) == known
        assert known.canary is None or known.canary.image != known.stable.image


def test_a_share_is_of_whole_percents() -> None:
    assert (percent_of(None), percent_of(0.0), percent_of(0.07)) == (None, 0, 7)
    with pytest.raises(UsageError, match="expected a share of whole percents"):
        percent_of(0.125)
