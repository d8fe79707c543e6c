"""A package whose model is in this process, and a stream to it, for tests of scoring."""

from __future__ import annotations

import queue
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
from host_samples import MANIFEST
from in_process import hosted
from pyarrow import parquet
from serving_helpers import Package, lay_out, make_manifest
from solution_samples import member_spec, write_solution

from modelhost.model import LoadedModel
from modelhost.wire import Message, roundtrip
from monitoring.stats.binning import build_profile
from packager.data.frames import infer_columns
from packager.manifest.base import FileEntry
from packager.manifest.manifest import Manifest, Schema, Slices
from packager.manifest.solution import Solution, SolutionMember
from packager.model.hosted_model import HostedModel
from packager.model.paths import Root
from packager.model.row_blocks import RowBlock
from packager.progress import NullProgress
from packager.scoring.finish import keep_series
from packager.scoring.plan import ScoreRequest
from packager.scoring.run import PlannedScoring, ScoreResult, begin, plan_scoring, score
from packager.scoring.units import Unit
from serving.prediction.package_files import PackageFiles
from serving.scoring.answering import BlockPredictor
from serving.scoring.session import ScoringSession

REFUSED = 13.0
"""A size that the model raises on."""


SUMS = """
import pathlib

def run(rows, members):
    x = rows[["size"]].rename(columns={"size": "x"}).fillna(0.0)
    once = pathlib.Path(__file__).with_name("kill")
    if once.exists():
        once.unlink()
        x.iloc[0] = 666.0
    return members.double(x).predictions + rows["rank"].to_numpy()
"""
"""A flow whose member ends on a size of 666, and once if there is a file ``kill`` beside it."""


class Rule:
    """Says yes above 0, except of blue; raises on ``REFUSED``."""

    classes_ = np.array(["no", "yes"])

    def predict_proba(self, frame: pd.DataFrame) -> Any:
        if (frame["size"] == REFUSED).any():
            raise ValueError("13 brings bad luck")
        chance = 1 / (1 + np.exp(-frame["size"].fillna(0) * (frame["colour"] != "blue")))
        return np.column_stack([1 - chance, chance])

    def predict(self, frame: pd.DataFrame) -> Any:
        return self.classes_[self.predict_proba(frame).argmax(axis=1)]


def rows(count: int, seed: int = 0) -> pa.Table:
    """Rows with an id, and a few nulls and values outside the training's."""
    random = np.random.default_rng(seed)
    sizes = random.normal(size=count).round(6)
    odd = random.random(count)
    colours = random.choice(np.array(["red", "blue", "green"], object), count)
    colours[odd > 0.97] = "mauve"
    colours[odd < 0.02] = None
    sizes[odd > 0.99] = 90.0
    return pa.table(
        {
            "id": np.arange(count),
            "size": pa.array(sizes, mask=(odd > 0.4) & (odd < 0.43)),
            "rank": random.integers(0, 9, count),
            "colour": pa.array(colours, pa.string()),
            "new": pa.array(random.random(count) > 0.5),
        }
    )


def training() -> pd.DataFrame:
    """The rows that the schema describes."""
    random = np.random.default_rng(9)
    return pd.DataFrame(
        {
            "size": np.append(random.normal(size=199), np.nan),
            "rank": random.integers(0, 9, 200),
            "colour": random.choice(["red", "blue", "green"], 200),
            "new": random.random(200) > 0.5,
        }
    )


def package_at(root: Path, **changes: Any) -> Manifest:
    """Write the files of the package below ``root``; ``changes`` of its manifest."""
    (root / "package").mkdir(parents=True)
    frame = training()
    columns = infer_columns(frame)
    profile = build_profile(frame, [(column.name, column.kind) for column in columns])
    (root / "package" / "profile.json").write_text(profile.model_dump_json())
    manifest = MANIFEST.model_copy(
        update={
            "task": "classification",
            "schema_": Schema(features=columns, classes=("no", "yes")),
            "slices": Slices(columns={"colour": ("blue", "red")}, rules={}),
            "files": (FileEntry.of(root / "package" / "profile.json", "profile.json"),),
            **changes,
        }
    )
    (root / "package" / "manifest.json").write_bytes(manifest.dump())
    return manifest


def model(of: Any = None) -> HostedModel:
    """The model, as the package's process speaks to it."""
    if isinstance(of, LoadedModel):
        return hosted(of)
    return hosted(LoadedModel(of or Rule(), "classification", ("no", "yes"), True))


def session(root: Path, manifest: Manifest, of: Any = None) -> ScoringSession:
    """The package's session."""
    files = PackageFiles.load(manifest, Root(root))
    return ScoringSession(files, BlockPredictor(manifest.schema_, model(of), None))


@dataclass
class SessionStream:
    """Answers as ``serving.scoring`` does, when they are asked for."""

    session: ScoringSession
    bad: Any = "fail"
    blocks: int = 0

    def __post_init__(self) -> None:
        self._waiting: queue.Queue[Message] = queue.Queue()  # one thread sends, another receives

    def send(self, request: Message) -> None:
        self._waiting.put(roundtrip(request))

    def receive(self) -> Message:
        return roundtrip(self._answer(self._waiting.get()))

    def _answer(self, request: Message) -> Message:
        if request.header["verb"] == "start":
            self.bad = request.header["bad"]
            return Message({"series": self.session.tally.all()})
        if request.header["verb"] == "finish":
            return Message({"counters": self.session.tally.finished()})
        self.blocks += 1
        block = RowBlock.decoded(request)
        checked = self.session.check(block, self.bad)
        return self.session.answer(checked, block.first, self.bad).encoded()


@dataclass
class ScoredPackage:
    """A package, and the folder of its test."""

    folder: Path
    manifest: Manifest
    root: Path

    @property
    def reference(self) -> Any:
        """The parts of a reference that ``plan_scoring`` uses."""
        return SimpleNamespace(manifest=self.manifest, name="shop")

    def write(self, table: pa.Table, name: str = "rows.parquet", group: int = 100) -> str:
        path = self.folder / name
        parquet.write_table(table, path, row_group_size=group)
        return str(path)

    def request(self, data: str, output: str = "out", **options: Any) -> ScoreRequest:
        return replace(ScoreRequest(data, self.folder / output, "parquet"), **options)

    def planned(self, asked: ScoreRequest) -> PlannedScoring:
        return plan_scoring(self.reference, asked, NullProgress())

    def stream(self, bad: Any = "fail", of: Any = None) -> SessionStream:
        made = SessionStream(session(self.root, self.manifest, of))
        begin(made, bad)
        return made


def scored_package(folder: Path, **changes: Any) -> ScoredPackage:
    """A package below ``folder``."""
    root = folder / "root"
    return ScoredPackage(folder, package_at(root, **changes), root)


def solution_package(folder: Path) -> ScoredPackage:
    """A package that the flow ``SUMS`` can answer."""
    schema = Schema(features=infer_columns(training()))
    return scored_package(folder, task="regression", schema_=schema)


def served_solution(root: Path) -> Package:
    """A package of the flow ``SUMS`` that a server can serve."""
    root.mkdir()
    lay_out(root)
    write_solution(root / "models", [(member_spec("double"), {"scale": 2})])
    shutil.rmtree(root / "models" / "code")
    (root / "code" / "flow.py").write_text(SUMS)
    member = SolutionMember(
        name="double",
        package="double",
        version="1.0",
        root="0" * 64,
        process="own",
        deadline=None,
        on_error="fail",
    )
    serve = MANIFEST.serve.model_copy(update={"loader": "solution", "compile": "off", "workers": 1})
    manifest = make_manifest(
        Schema(features=infer_columns(training())),
        task="regression",
        serve=serve,
        solution=Solution(flow="flow:run", members=(member,)),
    )
    return Package(root, manifest, training(), model=None)  # type: ignore[arg-type]


def run(made: ScoredPackage, asked: ScoreRequest, of: Any = None) -> ScoreResult:
    """``score``, with the package's session in this process."""

    def drive(units: Sequence[Unit], _: object) -> None:
        planned = made.planned(asked)
        stream = made.stream(asked.bad, of)
        keep_series(planned.plan, stream.session.tally.all())
        for _unit in planned.scorer.run(units, stream):
            pass

    return score(made.reference, asked, None, NullProgress(), drive)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def answers(folder: Path) -> pa.Table:
    return ds.dataset(folder, format="parquet").to_table()
