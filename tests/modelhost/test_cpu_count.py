"""joblib, and LightGBM through it, count cores without running a system program."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from modelhost import cpu_count
from modelhost.cpu_count import set_cpu_count

PROGRAM = """
import joblib
from modelhost.cpu_count import set_cpu_count
set_cpu_count()
import lightgbm, numpy as np
model = lightgbm.LGBMClassifier(n_estimators=2, verbose=-1)
model.fit(np.arange(80.0).reshape(40, 2), np.arange(40) % 2)
print(joblib.cpu_count(only_physical_cores=True))
"""


@pytest.mark.slow
def test_lightgbm_trains_where_no_program_counts_cores() -> None:
    """In an empty PATH, as in an image that holds little but Python."""
    environment = {**os.environ, "PATH": "/nowhere", "OMP_NUM_THREADS": "1"}
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
    )
    assert (ended.stdout.strip(), ended.stderr) == ("1", "")


def test_cores_are_counted_by_processor_and_core(tmp_path, monkeypatch) -> None:
    block = "processor: {}\nphysical id\t: {}\ncore id\t\t: {}\n"
    text = "\n".join(block.format(n, n // 4, n // 2 % 2) for n in range(8))
    monkeypatch.setattr(cpu_count, "_PROCESSORS", tmp_path / "cpuinfo")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert cpu_count._cores() == (os.cpu_count() or 1)
    (tmp_path / "cpuinfo").write_text(text)
    assert cpu_count._cores() == 4


@pytest.mark.parametrize(("threads", "known"), [("3", 3), ("0", None), ("many", None)])
def test_the_number_of_threads_that_was_set_is_the_number(monkeypatch, threads, known) -> None:
    from joblib.externals.loky.backend import context

    monkeypatch.setenv("OMP_NUM_THREADS", threads)
    monkeypatch.setattr(context, "physical_cores_cache", None)
    set_cpu_count()
    assert context.physical_cores_cache == (known or cpu_count._physical() or os.cpu_count())
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    set_cpu_count()  # what was counted stays
    assert context.physical_cores_cache != 7
