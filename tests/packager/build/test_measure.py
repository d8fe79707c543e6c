"""Statistics of held-out rows by training and ``[test]``: kept apart from the training."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from host_samples import write_project

from packager.build import measure as measures
from packager.build.train import training_job
from packager.image.config import Image
from packager.progress import NullProgress
from packager.project.config import load_project
from packager.worker.job import Job

IMAGE = Image("training", b"{}", ())


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return training_job(load_project(write_project(tmp_path / "project")), None)


def context(folder: Path, baseline: str) -> Any:
    out = folder / "out"
    out.mkdir(parents=True)
    (out / "baseline.json").write_text(baseline)
    (out / "weak.json").write_text("weak")
    return SimpleNamespace(folder=folder, progress=NullProgress())


def test_another_test_is_measured_and_the_first_one_is_kept(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODEL_PACKAGER_CACHE", str(tmp_path / "cache"))
    ran: list[Job] = []

    def run(asked: Job, _image: Image, _context: object, made: Path) -> None:
        ran.append(asked)
        made.mkdir()
        (made / "baseline.json").write_text("other")

    monkeypatch.setattr(measures, "_run", run)
    first = context(tmp_path / "first", "first")
    measures.keep_measures("digest", job, first.folder / "out")
    other = job.model_copy(update={"test": job.test.model_copy(update={"groups": ("shop",)})})
    changed = context(tmp_path / "changed", "first")
    measures.measure("digest", other, IMAGE, changed)
    assert ran == [other]
    assert (changed.folder / "out/baseline.json").read_text() == "other"
    assert not (changed.folder / "out/weak.json").exists()
    back = context(tmp_path / "back", "other")
    measures.measure("digest", job, IMAGE, back)
    measures.measure("digest", other, IMAGE, context(tmp_path / "again", "first"))
    assert ran == [other]
    assert (back.folder / "out/baseline.json").read_text() == "first"
    assert (back.folder / "out/weak.json").read_text() == "weak"
