"""Solutions whose members are a line of code each, for tests of studies and attribution."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelhost.columns import ColumnSpec
from modelhost.model import LoadedModel, load_model
from modelhost.solution.spec import FILE, MemberSpec, SolutionSpec, member_folder
from packager.model.host_process import HostCommand
from packager.model.hosted import ModelHost
from packager.model.hosted_model import HostedModel

TOP = Path(__file__).parents[2]
PREDICTOR = """
import numpy as np

class Predictor:
    {classes}
    @classmethod
    def load(cls, path):
        return cls()

    def predict(self, frame):
        return {predict}
{chances}"""
CHANCES = """
    def predict_proba(self, frame):
        labels = np.asarray(self.predict(frame))
        own = np.stack([labels == label for label in self.classes_], axis=1)
        sure = np.broadcast_to({sure}, len(frame))[:, None]
        return np.where(own, sure, (1 - sure) / (len(self.classes_) - 1))
"""


@dataclass(frozen=True)
class SampleMember:
    """A member: what it answers, as an expression of ``frame``."""

    predict: str
    takes: tuple[str, ...]
    """Its features: ``name:kind``."""
    classes: tuple[Any, ...] | None = None
    truth: str | None = None
    process: str = "inline"
    chances: bool = True
    sure: str = "1.0"
    """The probability of its label, as an expression of ``frame``."""


DTYPES = {"number": "float64", "integer": "int64", "string": "object"}


def write_solution(folder: Path, flow: str, members: Mapping[str, SampleMember]) -> Path:
    """Write a solution's model below ``folder``/models/model and its code below ``code``.

    ``flow``: the source of a module with ``run``.
    """
    model = folder / "models" / "model"
    specs = []
    for name, one in members.items():
        own = member_folder(model, name)
        (own / "models").mkdir(parents=True)
        (own / "models" / "model").write_text("")
        (own / "code").mkdir()
        source = PREDICTOR.format(
            classes="" if one.classes is None else f"classes_ = {list(one.classes)!r}",
            predict=one.predict,
            chances=CHANCES.format(sure=one.sure) if one.classes and one.chances else "",
        )
        (own / "code" / f"{module_of(folder, name)}.py").write_text(source)
        specs.append(_spec(folder, name, one))
    code = folder / "code"
    code.mkdir()
    (code / f"{module_of(folder, 'flow')}.py").write_text(flow)
    solution = SolutionSpec(f"{module_of(folder, 'flow')}:run", tuple(specs))
    (model / FILE).write_text(solution.as_json())
    return model


def module_of(folder: Path, name: str) -> str:
    """The name of a module that no other solution in this process has."""
    return f"sample_{name}_{abs(hash(str(folder)))}"


def _spec(folder: Path, name: str, one: SampleMember) -> MemberSpec:
    pairs = [text.split(":") for text in one.takes]
    features = tuple(ColumnSpec(column, kind, DTYPES[kind]) for column, kind in pairs)
    task = "regression" if one.classes is None else "classification"
    predictor = f"{module_of(folder, name)}:Predictor"
    return MemberSpec(
        *(name, one.process, None, "fail", one.truth, task, predictor, "joblib", "frame"),
        *(None, (), features, {}),
    )


@contextmanager
def loaded_solution(
    folder: Path,
    flow: str,
    members: Mapping[str, SampleMember],
    task: Any = "regression",
) -> Iterator[LoadedModel]:
    """The solution in this process."""
    path = write_solution(folder, flow, members)
    sys.path.insert(0, str(folder / "code"))
    before = list(sys.path)
    try:
        yield load_model(path, "auto", "solution", task)
    finally:
        sys.path[:] = [one for one in before if one != str(folder / "code")]


@contextmanager
def hosted_solution(
    folder: Path,
    flow: str,
    members: Mapping[str, SampleMember],
    task: Any = "regression",
    classes: tuple[Any, ...] | None = None,
) -> Iterator[HostedModel]:
    """The solution in a process of the model host."""
    path = write_solution(folder, flow, members)
    environment = {"PYTHONPATH": f"{TOP}:{folder / 'code'}", "PATH": "/usr/bin:/bin"}
    command = HostCommand([sys.executable], environment, folder / "code")
    with ModelHost(command) as host:
        yield host.load(path, _serve(classes), task)


def _serve(classes: tuple[Any, ...] | None) -> Any:
    from packager.manifest.manifest import Serve

    return Serve(
        predictor="auto",
        loader="solution",
        classes=classes,
        compile="off",
        workers=1,
        strict=False,
    )
