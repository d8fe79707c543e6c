"""Measures the equivalence level of thirty scikit-learn estimators in several environments.

    python benchmarks/estimators.py [--rows N] [--only NAME …] [--settings NAME …] [--json FILE]

Every training is a process of the worker (``python -m packager.worker fit``), started as by the
runners except for what a setting changes; the models are then compared as in a replay. The data are
synthetic: 30 numbers (some with nulls), 8 texts, 2 flags.

Settings, each against a first training:

- *again*: the same in a fresh process;
- *threads*: two threads for BLAS and OpenMP, and ``n_jobs`` 2 if the estimator has it;
- *AVX2*, *SSE*: BLAS, NumPy and the C library restricted to a processor without AVX-512, or also
  without AVX2;
- *pinned*: both trainings with ``isa = "x86-64-v3"``, the second with the variables of *AVX2* and
  BLAS set to *SSE*;
- *seed*, *row*, *param*: negative controls, which must reach a lower level than *again*, except
  the seed of an estimator without one.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import estimators_recipe
import numpy as np
import pandas as pd
from estimators_recipe import ESTIMATORS, Entry

from modelhost.frames import keep_text_plain
from modelhost.model import load_model
from packager.digest import canonical_json
from packager.manifest.base import EquivalenceLevel, Isa
from packager.manifest.data_roles import Split
from packager.manifest.manifest import Recipe, Serve
from packager.model.paths import Root
from packager.worker.job import FitResult, Job, ReplayRequest
from packager.worker.processes.environment import FIXED_VARIABLES, PINNED_ISA
from packager.worker.replay.differences import metric_checks
from packager.worker.replay.equivalence import FittedModel, compare_models, equivalence_level
from packager.worker.replay.perturb import perturb
from packager.worker.replay.report import LEVELS, ModelComparison
from packager.worker.train.dataset import prepare
from packager.worker.train.source_data import read_source

CHECKOUT = Path(__file__).resolve().parents[1]
SERVE = Serve(predictor="auto", compile="off", workers=1, strict=False)
TARGETS = {"classification": "label", "regression": "amount"}
AVX2 = {
    "OPENBLAS_CORETYPE": "Haswell",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX512F,-AVX512VL,-AVX512BW,-AVX512DQ",
}
SSE = {
    "OPENBLAS_CORETYPE": "Nehalem",
    "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-AVX512F,-AVX512VL,-AVX512BW,-AVX512DQ",
}
CONTROLS = ("seed", "row", "param")


@dataclass(frozen=True)
class Setting:
    """Differences of a training from the first one."""

    variables: dict[str, str]
    isa: Isa = "native"
    jobs: int | None = None
    perturb: str = "none"


FIRST = Setting({})
PINNED = Setting({}, isa="x86-64-v3")
SETTINGS = {
    "again": (FIRST, FIRST),
    "threads": (FIRST, Setting({"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"}, jobs=2)),
    "AVX2": (FIRST, Setting(AVX2)),
    "SSE": (FIRST, Setting(SSE)),
    "pinned": (PINNED, Setting(AVX2 | {"OPENBLAS_CORETYPE": "Nehalem"}, isa="x86-64-v3")),
    **{name: (FIRST, Setting({}, perturb=name)) for name in CONTROLS},
}


def made_here(rows: int) -> pd.DataFrame:
    """A synthetic table: mixed types, a label of three classes and an amount, both noisy."""
    random = np.random.default_rng(11)
    numbers = random.normal(size=(rows, 30)) @ (np.eye(30) + 0.3 * random.normal(size=(30, 30)))
    numbers[:, :5] = np.exp(numbers[:, :5] / 2)
    frame = pd.DataFrame(numbers.round(4), columns=[f"number{place}" for place in range(30)])
    for place in (3, 17):
        frame.loc[random.random(rows) < 0.05, f"number{place}"] = np.nan
    for place in range(8):
        frame[f"text{place}"] = random.choice([*"abcdefg"[: 2 + place % 6]], rows)
    for place in range(2):
        frame[f"flag{place}"] = random.random(rows) < 0.4
    score = numbers[:, 6:12].sum(axis=1) / 3 + (frame["text1"] == "a") + frame["flag0"]
    score += 0.5 * np.sin(numbers[:, 12]) * numbers[:, 13] + random.normal(0, 0.6, rows)
    frame["amount"] = score.round(6)
    frame["label"] = np.select([score < -0.8, score < 1.5], ["low", "middle"], "high")
    return frame


@dataclass(frozen=True)
class Bench:
    """A project in a folder whose recipe trains the thirty estimators."""

    folder: Path

    @property
    def root(self) -> Root:
        return Root(self.folder / "root")

    def prepare(self, rows: int) -> None:
        self.root.code.mkdir(parents=True)
        self.root.source.mkdir(parents=True)
        shutil.copy(estimators_recipe.__file__, self.root.code)
        made_here(rows).to_parquet(self.root.source / "rows.parquet")

    def job(self, name: str, setting: Setting) -> Job:
        entry = ESTIMATORS[name]
        params: dict[str, Any] = {"estimator": name, **entry.params}
        if setting.jobs and entry.has("n_jobs"):
            params["jobs"] = setting.jobs
        recipe = Recipe(
            train="estimators_recipe:train",
            seed=7,
            params=params,
            level="artifact",
            accept={},
            isa=setting.isa,
        )
        job = Job(
            task=entry.task,  # type: ignore[arg-type]
            serve=SERVE,
            slices_columns=(),
            slices_rules={},
            recipe=recipe,
            target=TARGETS[entry.task],
            exclude=tuple(target for task, target in TARGETS.items() if task != entry.task),
            split=Split(test=0.2, seed=1),
        )
        # The omitted row is in the middle of the rows that the estimator gets.
        rows = entry.rows or 1000
        return perturb(job, recipe, ReplayRequest(perturb=setting.perturb), rows).job  # type: ignore[arg-type]

    def fit(self, name: str, setting: Setting, out: Path) -> float:
        """Train in a separate process; return the duration in seconds."""
        out.mkdir(parents=True)
        (out / "job.json").write_bytes(self.job(name, setting).dump())
        began = time.monotonic()
        subprocess.run(
            [sys.executable, "-m", "packager.worker", "fit", str(out / "job.json"), str(out)],
            cwd=self.root.code,
            env={
                "PATH": os.defpath,
                "HOME": str(out),
                "MODEL_ROOT": str(self.root.path),
                "PYTHONPATH": f"{self.root.code}:{CHECKOUT}",
                # A worker with a pinned instruction set sets its variables itself.
                **({} if setting.isa != "native" else {**FIXED_VARIABLES, PINNED_ISA: "native"}),
                **setting.variables,
            },
            check=True,
        )
        return time.monotonic() - began

    def compare(
        self, name: str, one: Path, other: Path
    ) -> tuple[EquivalenceLevel, ModelComparison]:
        """The level of ``other`` compared with ``one``, as in a replay."""
        job = self.job(name, FIRST)
        dataset = prepare(read_source(self.root), job, self.root)
        fits = [FitResult.load(folder / "fit.json") for folder in (one, other)]
        trained = [
            FittedModel(
                fit.model, load_model(folder / "model" / "model", "auto", "joblib", job.task)
            )
            for fit, folder in zip(fits, (one, other), strict=True)
        ]
        found = compare_models(trained[0], trained[1], dataset.test[list(dataset.features)])
        checks = metric_checks(fits[0].evaluation, fits[1].evaluation, {}, every=False)
        metrics = all(check.ok for check in checks.values())
        return equivalence_level(found, metrics=metrics, statistical=False), found

    def measure(self, name: str, chosen: Sequence[str]) -> dict[str, Any]:
        """Setting → level and the differing parts of the model."""
        folders: dict[str, Path] = {}
        seconds: list[float] = []

        def trained(setting: Setting, label: str) -> Path:
            if label not in folders:
                folders[label] = self.folder / "out" / name / label
                seconds.append(self.fit(name, setting, folders[label]))
            return folders[label]

        found: dict[str, Any] = {}
        for label in chosen:
            first, second = SETTINGS[label]
            one = trained(first, f"first {first.isa}")
            level, compare_models = self.compare(name, one, trained(second, label))
            found[label] = {
                "level": level,
                "bit_equal": compare_models.bit_equal,
                "largest": compare_models.largest_difference,
                "flips": compare_models.label_flips,
                "differing": compare_models.differing,
            }
            print(
                f"{name}: {label}: {level}",
                *compare_models.differing[:2],
                sep="; ",
                file=sys.stderr,
            )
        shutil.rmtree(self.folder / "out" / name)
        return {"settings": found, "seconds": round(float(np.median(seconds)), 1)}


def verdicts(name: str, entry: Entry, found: dict[str, Any]) -> list[str]:
    """Messages about results that are not as expected."""
    settings = found["settings"]
    usual = LEVELS.index(settings["again"]["level"])
    wrong = []
    if settings["again"]["level"] != "artifact":
        wrong.append(f"{name}: {settings['again']['level']} in the same surroundings")
    for control in set(CONTROLS) & set(settings):
        lower = LEVELS.index(settings[control]["level"]) > usual
        heard = control != "seed" or entry.has("random_state")
        if lower != heard:
            wrong.append(f"{name}: perturbed {control} came out as {settings[control]['level']}")
    return wrong


def table(results: dict[str, Any], chosen: Sequence[str]) -> str:
    """The results as Markdown, with the largest difference and the label flips, if any."""
    lines = [
        "| estimator | " + " | ".join(chosen) + " |",
        "|---" * (len(chosen) + 1) + "|",
    ]
    for name, found in results.items():
        cells = [_cell(found["settings"][label]) for label in chosen]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(found: dict[str, Any]) -> str:
    if found["bit_equal"]:
        return str(found["level"])
    parts = [] if found["largest"] is None else [f"{found['largest']:.0e}"]
    parts += [f"{found['flips']} flips"] if found["flips"] else []
    return f"{found['level']} ({', '.join(parts)})" if parts else str(found["level"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--only", nargs="*", default=list(ESTIMATORS), metavar="NAME")
    parser.add_argument("--settings", nargs="*", default=list(SETTINGS)[1:], choices=SETTINGS)
    parser.add_argument("--json", type=lambda text: Path(text).resolve(), metavar="FILE")
    given = parser.parse_args()
    chosen = list(dict.fromkeys(("again", *given.settings)))
    keep_text_plain()
    results: dict[str, Any] = {}
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(prefix="estimators-") as name:
        bench = Bench(Path(name))
        bench.prepare(given.rows)
        sys.path.insert(0, str(bench.root.code))
        os.chdir(bench.root.code)
        for name in given.only:
            results[name] = bench.measure(name, chosen)
            wrong += verdicts(name, ESTIMATORS[name], results[name])
            if given.json:
                given.json.write_bytes(canonical_json(results))
    print(table(results, chosen))
    print(*(["", "Not as expected:", *wrong] if wrong else ["", "All as expected."]), sep="\n")


if __name__ == "__main__":
    main()
