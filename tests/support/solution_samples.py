"""Solutions of small members, as a build lays them out, without a build."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from modelhost.columns import ColumnSpec
from modelhost.model import LoadedModel, load_model
from modelhost.solution.spec import FILE, SOLUTION, MemberSpec, SolutionSpec, member_folder

NUMBER = ("number", "float64")
CODE = '''
import json, os, signal, sys, time

import numpy as np


class Model:
    """Answers {"scale": k} times the column x, plus what the rows ask for."""

    def __init__(self, given):
        self.given = given
        if "classes" in given:
            self.classes_ = given["classes"]
            self.predict_proba = self._probabilities

    @classmethod
    def load(cls, path):
        given = json.loads(open(path).read())
        if given.get("exits"):
            os._exit(given["exits"])
        return cls(given)

    def predict(self, frame):
        x = np.asarray(frame["x"], float)
        if (x == 666).any():
            os.kill(os.getpid(), signal.SIGKILL)
        if (x == 777).any():
            raise ValueError("no 777")
        if (x > 1000).any():
            time.sleep((x.max() - 1000) / 1000)
        if "classes" in self.given:
            return [self.given["classes"][int(value > 0)] for value in x]
        return x * self.given["scale"]

    def _probabilities(self, frame):
        up = 1 / (1 + np.exp(-np.asarray(frame["x"], float)))
        return np.column_stack([1 - up, up])
'''
FLOW = """
def run(rows, members):
    return members.double(rows)
"""


def member_spec(name: str, process: str = "own", **changes: Any) -> MemberSpec:
    """A member that takes the column ``x`` and answers a number."""
    made = MemberSpec(
        name=name,
        process=process,
        deadline=None,
        on_error="fail",
        truth=None,
        task="regression",
        predictor=f"{name}_model:Model",
        loader="joblib",
        takes="frame",
        classes=None,
        outputs=(),
        features=(ColumnSpec("x", *NUMBER),),
        defaults={},
    )
    return made._replace(**changes)


def write_solution(
    folder: Path, members: Sequence[tuple[MemberSpec, dict[str, Any]]], flow: str = FLOW
) -> Path:
    """``folder`` with the solution's model, and its flow in ``folder / "code"``."""
    model, code = folder / "model", folder / "code"
    code.mkdir(parents=True, exist_ok=True)
    (code / "flow.py").write_text(flow)
    for spec, given in members:
        place = member_folder(model, spec.name)
        (place / "models").mkdir(parents=True)
        (place / "code").mkdir()
        (place / "models" / "model").write_text(json.dumps(given))
        (place / "code" / f"{spec.name}_model.py").write_text(CODE)
    specs = tuple(spec for spec, _ in members)
    (model / FILE).write_text(SolutionSpec("flow:run", specs).as_json())
    return model


@contextmanager
def loaded_solution(folder: Path, flow: str) -> Iterator[LoadedModel]:
    """A solution of the member ``double``, which answers numbers; its processes end afterwards."""
    model = write_solution(folder, [(member_spec("double"), {"scale": 2})], flow)
    code = str(folder / "code")
    sys.path.insert(0, code)
    sys.modules.pop("flow", None)
    try:
        loaded = load_model(model, "auto", SOLUTION, "regression")
        try:
            yield loaded
        finally:
            loaded.native.members["double"].close()
    finally:
        sys.path.remove(code)
        sys.modules.pop("flow", None)
