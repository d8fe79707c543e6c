"""The services beside the models: which are chosen, and what each needs."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.deploy.parts import (
    ALERTMANAGER,
    DEFAULT_PARTS,
    GRAFANA,
    NEEDS,
    PARTS,
    PROMETHEUS,
    REDIS,
    TRACKER,
    chosen_parts,
)
from packager.errors import UsageError

SOME = st.lists(st.sampled_from(PARTS), unique=True)


def test_parts_are_added_and_left_out() -> None:
    chosen = chosen_parts(DEFAULT_PARTS, [REDIS], [TRACKER, GRAFANA])
    assert chosen == {PROMETHEUS, ALERTMANAGER, REDIS}
    assert chosen_parts(chosen, [], []) == chosen


def test_an_unknown_part_is_named_with_its_option() -> None:
    for added, left_out, option in ((["redsi"], [], "--with"), ([], ["redsi"], "--without")):
        with pytest.raises(UsageError) as told:
            chosen_parts(DEFAULT_PARTS, added, left_out)
        assert told.value.message == (
            f"{option}: expected one of prometheus, alertmanager, grafana, tracker, redis, "
            "gateway, got 'redsi'"
        )


def test_a_part_in_both_options_is_refused() -> None:
    with pytest.raises(UsageError, match="redis is in both --with and --without"):
        chosen_parts(DEFAULT_PARTS, [REDIS], [REDIS])


def test_what_reads_prometheus_is_refused_without_it_and_the_hint_works() -> None:
    with pytest.raises(UsageError) as told:
        chosen_parts(DEFAULT_PARTS, [], [PROMETHEUS])
    assert told.value.message == (
        "expected prometheus, which alertmanager and grafana read from, got a deployment without it"
    )
    assert told.value.hint == "add --without alertmanager --without grafana, or keep prometheus"
    chosen = chosen_parts(DEFAULT_PARTS, [], [PROMETHEUS, ALERTMANAGER, GRAFANA])
    assert chosen == {TRACKER}
    with pytest.raises(UsageError) as told:
        chosen_parts(chosen, [GRAFANA], [])
    assert told.value.hint == "add --without grafana, or --with prometheus"
    assert chosen_parts(chosen, [GRAFANA, PROMETHEUS], []) == {TRACKER, GRAFANA, PROMETHEUS}


@given(SOME, SOME, SOME)
def test_what_is_chosen_has_what_it_needs(
    current: list[str], added: list[str], left_out: list[str]
) -> None:
    try:
        chosen = chosen_parts(current, added, left_out)
    except UsageError:
        return
    assert chosen == (set(current) | set(added)) - set(left_out)
    assert all(needed in chosen for part, needed in NEEDS.items() if part in chosen)


def test_every_set_that_has_what_it_needs_can_be_chosen() -> None:
    for size in range(len(PARTS) + 1):
        for wanted in map(set, combinations(PARTS, size)):
            whole = all(NEEDS[part] in wanted for part in wanted & NEEDS.keys())
            left_out = [part for part in PARTS if part not in wanted]
            if whole:
                assert chosen_parts(PARTS, [], left_out) == wanted
            else:
                with pytest.raises(UsageError, match="expected prometheus"):
                    chosen_parts(PARTS, [], left_out)
