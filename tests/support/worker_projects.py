"""Tiny projects below a root folder, run in this process or in a worker process."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from packager.digest import sha256_bytes
from packager.manifest.base import FileEntry
from packager.manifest.manifest import DataSource, Manifest, Recipe, Serve
from packager.model.paths import Root
from packager.runners.runner import START_VARIABLES
from packager.worker.job import Job, ReplayRequest, TrainingResult
from packager.worker.train_job import run

CHECKOUT = Path(__file__).parents[2]
popen: Any = subprocess.Popen
"""Starts workers; the fixture ``warm`` sets another."""

RECIPE = Recipe(train="train:train", seed=7, params={}, level="artifact", accept={})
SERVE = Serve(predictor="auto", compile="off", workers=1, strict=False)

FOREST = """
    from sklearn.ensemble import RandomForestClassifier

    def train(features, target, *, params, seed):
        forest = RandomForestClassifier(n_estimators=5, max_depth=3, random_state=seed)
        return forest.fit(features, target)
"""

RULE = """
    class Rule:
        def __init__(self, **told):
            vars(self).update(told)

        def predict(self, frame):
            return ["big" if size > 4 else "small" for size in frame["size"]]

    def train(features, target, *, params, seed):
        return Rule()
"""
"""A recipe without a library: importing scikit-learn takes longer than all else of a training."""


@dataclass(frozen=True)
class Ended:
    """A worker process that has ended."""

    code: int
    stdout: str
    stderr: str
    error: dict[str, Any]
    """The content of error.json; empty if there is none."""


@dataclass(frozen=True)
class Project:
    """A root folder with code and data, and a folder for results."""

    root: Root
    out: Path

    def code(self, **files: str) -> None:
        """Write modules; ``src__x`` is src/x.py."""
        for name, text in files.items():
            path = self.root.code / f"{name.replace('__', '/')}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))

    def data(self, frame: pd.DataFrame, name: str = "rows.csv", *, held_out: bool = False) -> None:
        """Write rows as CSV or Parquet, by the suffix of ``name``."""
        folder = self.root.test if held_out else self.root.source
        folder.mkdir(parents=True, exist_ok=True)
        if name.endswith(".csv"):
            frame.to_csv(folder / name, index=False)
        else:
            frame.to_parquet(folder / name)

    def job(self, **changes: Any) -> Job:
        """A job: classification of ``label`` without slices, modified by ``changes``."""
        fields: dict[str, Any] = {
            "task": "classification",
            "serve": SERVE,
            "slices_columns": (),
            "slices_rules": {},
            "recipe": RECIPE,
            "target": "label",
            "split": {"test": 0.25, "seed": 1},
        }
        return Job.model_validate(fields | changes)

    def work(self, *arguments: str, **environment: str) -> Ended:
        """Run ``python -m packager.worker`` as the host would; return its result."""
        return self._python(["-m", "packager.worker", *arguments], environment)

    def predict(self, rows: Path, out: Path) -> Ended:
        """Answer a file of rows as the host runs it in the served image; return its result."""
        return self._python(["-m", "serving.predict_file", str(rows), str(out)], {})

    def python(self, program: str, **environment: str) -> Ended:
        """Run ``program`` in a process with a worker's environment."""
        return self._python(["-c", program], environment)

    def _python(self, arguments: list[str], environment: Mapping[str, str]) -> Ended:
        own = {
            "MODEL_ROOT": str(self.root.path),
            "PYTHONPATH": os.pathsep.join(
                map(str, (self.root.code, self.root.code / "src", CHECKOUT))
            ),
            **START_VARIABLES,
        }
        self.root.code.mkdir(parents=True, exist_ok=True)
        process = popen(
            [sys.executable, *arguments],
            cwd=self.root.code,
            env={**os.environ, **own, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        out, err = process.communicate()
        failure = self.out / "error.json"
        error = json.loads(failure.read_text()) if failure.exists() else {}
        return Ended(process.returncode, out, err, error)

    def train(self, job: Job, **environment: str) -> TrainingResult:
        """Run ``job`` in a worker process; it must succeed."""
        ended = self.start(job, **environment)
        assert ended.code == 0, ended.stderr
        return TrainingResult.load(self.out / "result.json")

    def start(self, job: Job, **environment: str) -> Ended:
        """Run ``job`` in a worker process."""
        path = self.root.path / "job.json"
        path.write_bytes(job.dump())
        return self.work("run", str(path), str(self.out), **environment)

    def replay(self, out: Path, **ask: Any) -> Ended:
        """Replay the package in a worker process; ``ask``: fields of the request."""
        path = self.root.path / "request.json"
        path.write_bytes(ReplayRequest.model_validate(ask).dump())
        return self.work("replay", str(path), str(out))

    def train_here(self, job: Job) -> TrainingResult:
        """Run ``job`` in this process, which is faster but isn't confined."""
        return run(job, self.root, self.out)

    def package(self, job: Job, result: TrainingResult, **more: Any) -> Manifest:
        """Put ``result`` and a manifest, with ``more``, where an image has them."""
        assert isinstance(job.recipe, Recipe)
        assert job.target is not None
        shutil.copytree(self.out / "model", self.root.models)
        self.root.package.mkdir()
        names = ("fingerprint.json", "profile.json", "baseline.json", "golden.json")
        for name in names:
            if (self.out / name).exists():
                shutil.copy(self.out / name, self.root.package / name)
        held_out = entries(self.root.test)
        manifest = Manifest(
            name="tiny",
            version="1.0.0",
            task=job.task,
            schema_=result.schema_,
            serve=job.serve.model_copy(update={"loader": result.loader}),
            slices=result.slices,
            recipe=job.recipe,
            data=DataSource(
                format="csv",
                files=entries(self.root.source),
                test_file=held_out[0] if held_out else None,
                target=job.target,
                exclude=job.exclude,
                include=job.include,
                train_only=job.train_only,
                split=job.split,
                embed="companion",
                reader=job.reader,
                unlabelled=result.unlabelled,
                fingerprint=sha256_bytes((self.out / "fingerprint.json").read_bytes()),
                train_rows=result.train_rows,
                test_rows=result.test_rows,
            ),
            evaluation=result.evaluation,
            environment=result.environment,
            runtime="0" * 64,
            code=tuple(e for e in entries(self.root.code) if "__pycache__" not in e.path),
            model=result.model,
            files=entries(self.root.package),
            platforms={},
            **more,
        )
        (self.root.package / "manifest.json").write_bytes(manifest.dump())
        return manifest


def entries(folder: Path) -> tuple[FileEntry, ...]:
    """Every file below ``folder``."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return tuple(FileEntry.of(path, path.relative_to(folder).as_posix()) for path in paths)
