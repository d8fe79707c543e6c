"""The results of a benchmark as a table and as JSON."""

from __future__ import annotations

from bench_samples import benchmark, step

from packager.report.bench import as_text
from packager.run.bench.flow_share import flow_share
from packager.run.bench.result import as_json


def test_the_table_holds_every_figure() -> None:
    lines = as_text(benchmark(step())).splitlines()
    assert lines[0] == (
        "starter 1.0.0-abc: process, ready in 3.2 s; "
        "2 processors shared with the load; rows: synthetic"
    )
    assert lines[3].split("  ")[-1] == "validate 20 %, predict 60 % of 100 µs"
    assert lines[3].split()[:9] == [
        "1",
        "16",
        "10,000",
        "1.250",
        "3.500",
        "0",
        "350.0",
        "95.00",
        "100.0",
    ]
    assert len(lines) == 4


def test_columns_that_nothing_is_known_of_are_left_out_and_what_failed_is_said() -> None:
    unknown = step(
        memory_bytes=None,
        cpu_us_per_request=None,
        compiled_share=None,
        stage_us={},
        p50_ms=None,
        p99_ms=None,
        statuses={"503": 3},
        broken_connections=2,
        generator_busy=0.95,
    )
    text = as_text(benchmark(unknown))
    assert text.splitlines()[2].split() == ["rows", "clients", "requests/s", "failed"]
    assert text.splitlines()[3].split() == ["1", "16", "10,000*", "5"]
    assert "* the load generator was at its limit: the server can do at least this" in text
    assert "failed at 1 row, 16 clients: 503: 3, no answer: 2" in text
    assert as_json(benchmark(unknown))["steps"][0]["failed"] == 5


def test_the_time_of_a_flow_is_a_table_for_each_step() -> None:
    parts = {"own": 0.6, "crossing": 0.1, "waiting": 0.1, "overlapped": 0.5}
    found = benchmark(step(flow=flow_share({"price": parts}, 0.2, 1000)))
    lines = as_text(found).splitlines()
    assert lines[5] == "time of the flow at 1 row, 16 clients: 1,000 µs a request"
    assert [line.split() for line in lines[7:9]] == [
        ["price", "80.0", "%", "600", "100", "100", "500"],
        ["flow", "20.0", "%", "200", "-", "-", "-"],
    ]
    assert as_json(found)["steps"][0]["flow"]["members"][0]["member"] == "price"
