"""The increase of the server's counters between two scrapes."""

from __future__ import annotations

import pytest

from packager.run.bench.counters import Counters, compiled_share, flow_seconds, stage_seconds


def test_counters_tell_what_happened_between_two_looks() -> None:
    def text(total: float, count: int, compiled: int) -> str:
        stage = "model_stage_duration_seconds"
        return (
            f'{stage}_sum{{model="m",stage="predict",version="1"}} {total}\n'
            f'{stage}_count{{model="m",stage="predict",version="1"}} {count}\n'
            f'{stage}_sum{{model="m",stage="read",version="1"}} 1.0\n'
            f'{stage}_count{{model="m",stage="read",version="1"}} 4.0\n'
            f'model_rows_total{{form="compiled",version="a\\"}}b"}} {compiled}\n'
            f'model_rows_total{{form="native"}} 10\n'
            f'model_other_total{{form="native"}} 99\n'
        )

    before, after = Counters.of(text(1.0, 10, 100), "a"), Counters.of(text(1.5, 20, 103), "a")
    assert stage_seconds(before, after) == {"predict": pytest.approx(0.05)}
    assert compiled_share(before, after) == 1.0
    assert compiled_share(before, before) is None
    assert compiled_share(Counters.of("", "a"), Counters.of("", "a")) is None


def test_the_seconds_of_members_are_those_between_two_readings() -> None:
    def text(own: float, flow: float) -> str:
        return (
            f'model_member_seconds_total{{member="a",part="own"}} {own}\n'
            'model_member_seconds_total{member="a",part="waiting"} 0\n'
            f"model_flow_seconds_total {flow}\n"
        )

    before, after = Counters.of(text(1, 2), "a"), Counters.of(text(1.5, 2.25), "a")
    assert flow_seconds(before, after) == ({"a": {"own": 0.5, "waiting": 0.0}}, 0.25)
    assert flow_seconds(Counters.of("", "a"), Counters.of("", "a")) == ({}, 0.0)
