"""The push process: tests/serving/test_metrics_push.py runs it."""

from __future__ import annotations

from pathlib import Path

from serving_helpers import Package

from serving.push.process import END_SECONDS, PushProcess, push_child
from serving.push.settings import PushSettings


def test_each_server_has_an_instance_id_of_its_own(package: Package, tmp_path: Path) -> None:
    settings = PushSettings("http://127.0.0.1:9/v1/metrics", 30.0, None)
    found = [push_child(settings, package.manifest, tmp_path) for _ in range(2)]
    runs = [getattr(one.run, "__self__", None) for one in found]
    assert all(isinstance(run, PushProcess) for run in runs)
    first, second = (run.resource for run in runs if isinstance(run, PushProcess))
    assert first.instance != second.instance
    assert (first.name, first.version) == (package.manifest.name, package.manifest.tag)
    assert {one.end_seconds for one in found} == {END_SECONDS}
