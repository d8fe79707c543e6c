"""A solution whose members can be servers of their own, without a build."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from modelhost.columns import ColumnSpec
from modelhost.solution.spec import FILE, MemberSpec, SolutionSpec, member_folder
from packager.manifest.manifest import Column, Schema, Serve
from packager.manifest.solution import Solution, SolutionMember
from tests.support.serving_helpers import Package, lay_out, make_manifest
from tests.support.solution_samples import CODE, member_spec

FLOW = """
def run(rows, members):
    kind = members.kind.submit(rows)
    price = members.price(rows)
    found = kind.result()
    return price.predictions + found.probability("b") + 100 * (found.predictions == "a")
"""
NUMBER = Column(name="x", kind="number", dtype="float64", nullable=False)
KIND = '{"classes": ["b", "a"]}'
PRICE = '{"scale": 0.1}'


@dataclass(frozen=True)
class RemoteSolution:
    """Packages of two members, and of the solution that holds them."""

    kind: Package
    price: Package
    solution: Package

    @property
    def model(self) -> Path:
        """The folder of ``solution.json``."""
        return self.solution.root / "models" / "model"


def member_package(root: Path, name: str, given: str, **schema: Any) -> Package:
    """A package of one model of ``solution_samples``."""
    root.mkdir()
    lay_out(root)
    (root / "code" / f"{name}_model.py").write_text(CODE)
    (root / "models" / "model").write_text(given)
    manifest = make_manifest(
        Schema(features=(NUMBER,), **schema),
        name=name,
        task="classification" if "classes" in schema else "regression",
        serve=Serve(predictor=f"{name}_model:Model", compile="off", workers=1, strict=False),
    )
    return Package(root, manifest, pd.DataFrame(), model=None)  # type: ignore[arg-type]


def remote_solution(folder: Path, *, network: bool = True) -> RemoteSolution:
    """The members ``kind``, a classifier, and ``price``; the flow asks both."""
    kind = member_package(folder / "kind", "kind", KIND, classes=("b", "a"))
    price = member_package(folder / "price", "price", PRICE)
    root = folder / "solution"
    root.mkdir()
    lay_out(root)
    (root / "code" / "flow.py").write_text(FLOW)
    model = root / "models" / "model"
    for package in (kind, price):
        shutil.copytree(package.root, member_folder(model, package.manifest.name))
    write_specs(model, "inline")
    records = tuple(
        SolutionMember(
            name=one.manifest.name,
            package=one.manifest.name,
            version=one.manifest.version,
            root=one.manifest.root,
            process="inline",
        )
        for one in (kind, price)
    )
    manifest = make_manifest(
        Schema(features=(NUMBER,)),
        name="claims",
        task="regression",
        serve=Serve(
            predictor="auto",
            loader="solution",
            compile="off",
            workers=1,
            strict=False,
            network=network,
        ),
        solution=Solution(flow="flow:run", members=records),
    )
    whole = Package(root, manifest, pd.DataFrame(), model=None)  # type: ignore[arg-type]
    return RemoteSolution(kind, price, whole)


def write_specs(model: Path, process: str) -> None:
    """``solution.json`` whose members run there."""
    named: Callable[..., MemberSpec] = member_spec
    x = (ColumnSpec("x", "number", "float64"),)
    specs = (
        named("kind", process, task="classification", classes=None, features=x),
        named("price", process, features=x),
    )
    (model / FILE).write_text(SolutionSpec("flow:run", specs).as_json())
