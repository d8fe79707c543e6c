"""``package bench`` as a user runs it, with the shortest possible steps."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import NO_ENGINE, Package, package

SHORT = ["--seconds", "0.2", "--concurrency", "4", "--rows", "1,10", "--json"]


@pytest.mark.server
def test_a_package_is_measured_in_a_process(local_package: Package) -> None:
    done = package("bench", local_package.reference, "--local", *SHORT, env=NO_ENGINE)
    assert done.code == 0, done.err
    found = done.json
    assert (found["name"], found["where"], found["rows_from"]) == (
        "starter",
        "process",
        "synthetic",
    )
    assert found["ready_seconds"] > 0
    assert [(one["rows"], one["clients"]) for one in found["steps"]] == [(1, 4), (10, 4)]
    for one in found["steps"]:
        assert one["statuses"] == {"200": one["requests"]}
        assert one["failed"] == 0
        assert one["requests"] > 0
        assert one["memory_bytes"] > 50_000_000
        assert one["cpu_us_per_request"] > 0
        assert "predict" in one["stage_us"]


@pytest.mark.server
def test_a_server_that_runs_is_measured_with_rows_of_a_file(
    served_url: str, local_package: Package, tmp_path: Path
) -> None:
    data = local_package.project / "data" / "visits.csv"
    short = ["--seconds", "0.2", "--concurrency", "2", "--rows", "3"]
    done = package("bench", served_url, "--data", data, *short)
    assert done.code == 0, done.err
    assert f": {served_url}; " in done.out
    assert f"rows: {data}" in done.out
    bad = tmp_path / "rows.json"
    bad.write_text('[{"visits": "many"}]')
    refused = package("bench", served_url, "--data", bad, *short)
    assert (refused.code, refused.out) == (2, "")
    assert "row 0" in refused.err


@pytest.mark.engine
def test_a_container_is_measured_by_what_the_engine_counts(engine_package: Package) -> None:
    short = ["--seconds", "0.2", "--concurrency", "2", "--rows", "1", "--json"]
    done = package("bench", engine_package.reference, *short)
    assert done.code == 0, done.err
    (one,) = done.json["steps"]
    assert done.json["where"] == "container"
    assert one["memory_bytes"] > 50_000_000
    assert one["cpu_us_per_request"] > 0
    assert one["failed"] == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Missing argument 'REF|URL'"),
        (["http://127.0.0.1:1", "--rows", "0"], "--rows: expected numbers from 1 to"),
        (["http://127.0.0.1:1", "--concurrency", "1,,2"], "--concurrency: expected"),
        (["https://127.0.0.1:1"], "expected an answer"),
    ],
)
def test_wrong_arguments_are_named(arguments: list[str], message: str) -> None:
    done = package("bench", *arguments)
    assert done.code in (1, 2)
    assert message in done.err
