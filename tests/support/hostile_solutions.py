"""A solution of which the request says which member does what to its own process."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from modelhost.columns import ColumnSpec
from modelhost.solution.spec import FILE, MemberSpec, SolutionSpec, member_folder
from monitoring.profile.profile import FeatureProfile, Profile
from packager.manifest.manifest import Column, Schema, Serve
from packager.manifest.solution import Solution, SolutionMember
from tests.support.hostile_models import SOURCE
from tests.support.serving_helpers import Package, lay_out, make_manifest
from tests.support.solution_samples import member_spec

FLOW = '''
import time

NAMES = {one: one for one in ("victim", "other", "spare")}


def run(rows, members):
    """The member that a row names; ``both``: two at once."""
    rows, named = rows[["attack"]], rows["member"].tolist()
    if named == ["both"]:
        first, second = members.victim.submit(rows), members.other.submit(rows)
        return (first.result(), second.result())[0].predictions
    found = members.route(named, NAMES)(rows)
    return ["none" if gone else label for label, gone in zip(found.predictions, found.missing())]
'''
HELD = "import os, time\nwhile os.path.exists({!r}):\n    time.sleep(0.02)\n"
DEADLINE = 1.0
"""Of the member ``spare``."""
ATTACK = ColumnSpec("attack", "string", "object")
PREDICTIONS = FeatureProfile(
    name="__prediction__",
    kind="categorical",
    categories=("bad", "good"),
    bins=("bad", "good"),
    counts=(3, 7),
    missing=0,
)


def hostile_solution(root: Path, *, workers: int = 1, processes: int = 1) -> Package:
    """Members ``victim`` and ``other``, and ``spare``, without which the flow does.

    While there is a file ``hold`` beside ``root``, no process of ``victim`` loads its model.
    """
    columns = [
        Column(name=name, kind="string", dtype="object", nullable=False)
        for name in ("member", "attack")
    ]
    root.mkdir()
    lay_out(root)
    (root / "code" / "flow.py").write_text(FLOW)
    specs = (
        _hostile("victim"),
        _hostile("other"),
        _hostile("spare", on_error="null", deadline=DEADLINE),
    )
    model = root / "models" / "model"
    for spec in specs:
        place = member_folder(model, spec.name)
        (place / "models").mkdir(parents=True)
        (place / "package").mkdir()
        (place / "code").mkdir()
        (place / "models" / "model").write_text("nothing is read from here")
        held = HELD.format(str(root.with_name("hold"))) if spec.name == "victim" else ""
        (place / "code" / "hostile.py").write_text(held + SOURCE)
    profile = Profile(rows=10, features=(PREDICTIONS,), left_out=())
    victim = member_folder(model, "victim") / "package" / "profile.json"
    victim.write_text(profile.model_dump_json())
    (model / FILE).write_text(SolutionSpec("flow:run", specs).as_json())
    manifest = make_manifest(
        Schema(features=tuple(columns), classes=("good", "none")),
        name="claims",
        serve=Serve(
            predictor="auto",
            loader="solution",
            compile="off",
            workers=workers,
            strict=False,
            processes=processes,
        ),
        solution=Solution(flow="flow:run", members=tuple(map(_recorded, specs))),
    )
    return Package(root, manifest, pd.DataFrame(), model=None)  # type: ignore[arg-type]


def _hostile(name: str, **changes: object) -> MemberSpec:
    return member_spec(
        name,
        task="classification",
        predictor="hostile:Predictor",
        classes=None,
        features=(ATTACK,),
        **changes,
    )


def _recorded(spec: MemberSpec) -> SolutionMember:
    return SolutionMember(
        name=spec.name,
        package=spec.name,
        version="1.0",
        root="0" * 64,
        process="own",
        deadline=spec.deadline,
        on_error="null" if spec.on_error == "null" else "fail",
    )
