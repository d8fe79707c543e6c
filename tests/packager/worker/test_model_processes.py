"""The project's code and its model are in processes of the model host, and in no other."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from worker_projects import SERVE, Ended, Project

from packager.manifest.base import FileEntry
from packager.worker.job import CheckJob, TrainingResult
from packager.worker.replay.report import ReplayReport

TRAIN = """
import json, os, sys, tempfile
from pathlib import Path

from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

OURS = ("packager", "serving", "monitoring")
LINE = json.dumps(
    {
        "process": os.getpid(),
        "program": sys.orig_argv[1:],
        "ours": [name for name in sys.modules if name.partition(".")[0] in OURS],
    }
)
with open(Path(tempfile.gettempdir()) / "seen", "a") as seen:
    seen.write(LINE + "\\n")
sys.stderr.write("SEEN " + LINE + "\\n")


class Note:
    pass


def train(features, target, *, params, seed):
    model = make_pipeline(PCA(2), LogisticRegression()).fit(features, target)
    model.note = Note()  # who reads the model imports this module
    return model
"""
HOST = ["-m", "modelhost", "work"]


def seen(ended: Ended, folder: Path) -> list[dict[str, Any]]:
    """Where the module was imported since the last call."""
    lines = [one[5:] for one in ended.stderr.splitlines() if one.startswith("SEEN ")]
    if (folder / "seen").exists():
        lines += (folder / "seen").read_text().splitlines()
        (folder / "seen").unlink()
    return [json.loads(line) for line in lines]


@pytest.mark.slow
def test_the_projects_code_runs_in_model_processes_only(
    project: Project, rows: pd.DataFrame, tmp_path: Path, warm: None
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    environment = {"TMPDIR": str(scratch)}
    project.code(train=TRAIN)
    project.data(rows)
    serve = SERVE.model_copy(update={"compile": "require"})
    job = project.job(serve=serve, query_model=True, repeat=True)
    ended = project.start(job, **environment)
    assert ended.code == 0, ended.stderr
    looked = {"run": seen(ended, scratch)}
    result = TrainingResult.load(project.out / "result.json")
    assert result.compiled.strategy == "encoders + native transformers + linear model in NumPy"

    manifest = project.package(job, result)
    shutil.copytree(project.out / "compiled", project.root.package / "compiled")
    form = FileEntry.of(project.root.package / "compiled" / "form.json", "compiled/form.json")
    packaged = manifest.model_copy(
        update={"compiled": result.compiled, "files": (*manifest.files, form)}
    )
    (project.root.package / "manifest.json").write_bytes(packaged.dump())
    (tmp_path / "request.json").write_text("{}")
    ended = project.work(
        "replay", str(tmp_path / "request.json"), str(tmp_path / "r"), **environment
    )
    report = ReplayReport.load(tmp_path / "r" / "report.json")
    assert report.passed, report
    assert [one.ok for one in report.checks if one.name == "compiled form"] == [True]
    looked["replay"] = seen(ended, scratch)

    (tmp_path / "check.json").write_bytes(CheckJob(job=job).dump())
    ended = project.work("check", str(tmp_path / "check.json"), str(tmp_path / "c"), **environment)
    assert ended.code == 0, ended.stderr
    looked["check"] = seen(ended, scratch)

    (tmp_path / "rows.jsonl").write_text('{"size": 9.0, "count": 3, "new": true}')
    ended = project.predict(tmp_path / "rows.jsonl", project.out / "answers.jsonl")
    assert ended.code == 0, ended.stderr
    looked["predict"] = seen(ended, scratch)

    least = {"run": 5, "replay": 2, "check": 1, "predict": 1}
    for verb, found in looked.items():
        assert len({one["process"] for one in found}) >= least[verb], (verb, found)
        assert [one for one in found if one["program"] != HOST or one["ours"]] == [], verb
