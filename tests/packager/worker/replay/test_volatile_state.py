"""State that differs in every fit is distinguished from differences made by the recipe."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest

from packager.worker.replay.volatile_state import (
    ADDRESS,
    DURATION,
    TEMPORARY,
    TIME,
    volatile_values,
)

FIRST, SECOND = 1_790_000_000.0, 1_790_000_060.0
WINDOWS = ((FIRST, FIRST + 10), (SECOND, SECOND + 10))


def at(seconds: float, form: str) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime(form)


FORMS = (
    "%Y-%m-%d %H:%M:%S UTC",  # lifelines
    "%Y-%m-%dT%H:%M:%SZ",  # CatBoost
    "prophet_model-%Y%m%d%H%M%S",  # cmdstanpy
    "%a %b %d %H:%M:%S %Y",
    "fitted at %Y-%m-%d %H:%M:%S.%f",
)


@pytest.mark.parametrize("form", FORMS)
def test_times_within_the_training_are_volatile_and_others_are_not(form: str) -> None:
    values = at(FIRST + 3, form), at(SECOND + 3, form)
    found = volatile_values("fitted", values, WINDOWS)
    assert found is not None
    assert found[1] == TIME
    assert volatile_values("fitted", values, (None, WINDOWS[1])) == found
    assert volatile_values("fitted", (values[0], at(SECOND - 86_400, form)), WINDOWS) is None
    assert volatile_values("fitted", (values[0], "never"), WINDOWS) is None


@pytest.mark.parametrize("unit", [1, 10**3, 10**6, 10**9])
def test_clocks_of_any_unit(unit: int) -> None:
    found = volatile_values("x", (int(FIRST + 1) * unit, int(SECOND + 1) * unit), WINDOWS)
    assert found is not None
    assert found[1] == TIME
    assert volatile_values("x", (int(FIRST + 1) * unit, int(SECOND + 500) * unit), WINDOWS) is None


def test_a_timestamp_inside_of_bytes_that_differ_in_nothing_else() -> None:
    def blob(seconds: float, guid: str, weight: str, folder: str) -> bytes:
        moment = at(seconds, "%Y-%m-%dT%H:%M:%SZ")
        return f"\x00w={weight}\x01{moment}\x00{guid}\x00since 2019-01-01T00:00:00Z".encode() + (
            f'\x02{{"train_dir":"/tmp/{folder}","x":1}}'.encode()
        )

    guids = "6baa438f-db502dc2-fc31cfb9-f4d6660e", "9b4fcb9b-1f979272-ab44fd21-42a3c903"
    one = blob(FIRST, guids[0], "1", "tmpg1sy3ukp")
    other = blob(SECOND, guids[1], "1", "tmpbrm49zzm")
    found = volatile_values("__model", (one, other), WINDOWS)
    assert found is not None
    assert set(found[1].split(", ")) == {TIME, TEMPORARY}
    assert volatile_values("__model", (one, other.replace(b"w=1", b"w=2")), WINDOWS) is None
    assert volatile_values("__model", (one, other.replace(b"2019", b"2018")), WINDOWS) is None


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ((140239886547776, 140239887433984), ADDRESS),
        (("<function f at 0x7f8b1c0d2e50>", "<function f at 0x7f8b1c0aaa10>"), ADDRESS),
        (("/tmp/tmpab12/x.json", "/tmp/tmpzz99/x.json"), TEMPORARY),
        (
            ("1b4e28ba-2fa1-11d2-883f-0016d3cca427", "6fa459ea-ee8a-3ca4-894e-db77e160355e"),
            TEMPORARY,
        ),
        ((1234567, 7654321), None),
        ((140239886547777, 140239887433984), None),  # not aligned
        ((2**40 + 8, 2**40 + 16), None),  # too low
        ((0.25, 0.26), None),
        ((True, False), None),
        ((None, 5), None),
        (("red", "blue"), None),
    ],
)
def test_addresses_and_temporary_names(values: tuple[Any, Any], kind: str | None) -> None:
    found = volatile_values("x", values, WINDOWS)
    assert (found and found[1]) == kind


def test_how_long_a_fit_took_needs_such_a_name_and_fits_into_the_training() -> None:
    assert volatile_values("fit_time_", (0.5, 0.25), WINDOWS) is not None
    assert volatile_values("training_time_seconds", (3, 4), WINDOWS)[1] == DURATION  # type: ignore[index]
    assert volatile_values("seconds_", (0.01, 0.02), WINDOWS)[1] == DURATION  # type: ignore[index]
    assert volatile_values("seconds_to_failure", (0.01, 0.02), WINDOWS) is None
    assert volatile_values("fit_time_", (0.5, 99.0), WINDOWS) is None
    assert volatile_values("survival_time_", (0.5, 0.25), WINDOWS) is None
    assert volatile_values("coef_", (0.5, 0.25), WINDOWS) is None


def test_without_a_known_training_a_time_is_in_the_past() -> None:
    later = time.time() + 1_000_000
    assert volatile_values("x", (later, SECOND + 1), (None, WINDOWS[1])) is None
