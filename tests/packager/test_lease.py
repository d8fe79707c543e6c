"""Leases are held exactly as long as their process lives."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from packager.lease import is_released, lease

HOLD = """
import sys
from pathlib import Path
from packager.lease import lease
print(lease(Path(sys.argv[1])), flush=True)
sys.stdin.read()
"""


def holder(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_lease_lasts_until_its_process_ends_however_it_ends(tmp_path: Path) -> None:
    with holder(tmp_path) as other:
        assert other.stdout is not None
        name = other.stdout.readline().strip()
        assert not is_released(tmp_path, name)
        assert not is_released(tmp_path, lease(tmp_path))
        assert name != lease(tmp_path)
        other.kill()
        other.wait()
        assert is_released(tmp_path, name)
    assert not is_released(tmp_path, lease(tmp_path))


def test_a_process_has_one_lease_in_a_folder_and_removes_those_that_are_over(
    tmp_path: Path,
) -> None:
    with holder(tmp_path) as other:
        assert other.stdout is not None
        name = other.stdout.readline().strip()
        other.kill()
    assert (tmp_path / name).exists()
    assert lease(tmp_path) == lease(tmp_path)
    assert not (tmp_path / name).exists()
    assert is_released(tmp_path, name)


def test_a_lease_of_another_folder_is_never_over_here(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    assert not is_released(tmp_path / "one", lease(tmp_path / "two"))
    assert not is_released(tmp_path / "one", "1234-12345678")
