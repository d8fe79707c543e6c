"""The limits of containers as Docker options."""

from __future__ import annotations

import pytest

from packager.engine.hardening import (
    HARDENING,
    MAX_PROCESSES,
    limits,
    memory_bytes,
    share_of_memory,
)
from packager.errors import UsageError

ABLE = {"MemoryLimit": True, "SwapLimit": True, "PidsLimit": True, "MemTotal": 8 << 30}


def test_nothing_runs_as_root_with_capabilities_or_gains_privileges() -> None:
    assert HARDENING["cap_drop"] == ["ALL"]
    assert HARDENING["security_opt"] == ["no-new-privileges"]
    assert HARDENING["user"] == "65532:0"


def test_an_engine_gets_the_limits_that_it_supports() -> None:
    assert limits(ABLE, 1 << 30) == {
        "pids_limit": MAX_PROCESSES,
        "mem_limit": 1 << 30,
        "memswap_limit": 1 << 30,
    }
    assert limits({**ABLE, "SwapLimit": False}, 1) == {"pids_limit": MAX_PROCESSES, "mem_limit": 1}
    assert limits({"MemTotal": 1}, 1) == {}


def test_a_share_of_the_memory_is_whole_mib() -> None:
    assert share_of_memory(ABLE, 0.75) == 6 << 30
    assert share_of_memory({"MemTotal": (1 << 30) + 7}, 0.9) % (1 << 20) == 0


@pytest.mark.parametrize(
    ("text", "size"),
    [("2g", 2 << 30), ("512m", 512 << 20), ("512MB", 512 << 20), ("134217728", 128 << 20)],
)
def test_memory_is_written_as_docker_writes_it(text: str, size: int) -> None:
    assert memory_bytes(text) == size


@pytest.mark.parametrize(
    "text", ["", "2", "1m", "-2g", "1.5g", "lots", "0g", "2gg", "٢g", "9" * 40]
)
def test_other_memory_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--memory: expected at least 128m, got") as told:
        memory_bytes(text)
    assert "--memory 2g" in told.value.hint
