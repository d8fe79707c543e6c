"""Deployed models, and the folder generated for them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from packager.deploy.compose.deploy import ComposeOptions, DeployResult, deploy_compose
from packager.deploy.compose.document import PASSWORD
from packager.deploy.prometheus.rules import AlertOptions, MonitoredModel, Objectives
from packager.deploy.tracker import TOKENS

MODEL = MonitoredModel(
    "diamonds-cut",
    "1.0.0-3f9c12ab45de",
    "classification",
    ("__all__", "color=E", 'said "no": never'),
    ("carat", "__prediction__"),
)


IMAGE = "models/diamonds-cut:1.0.0-3f9c12ab45de"


@dataclass(frozen=True)
class Packaged:
    """The parts of a package that monitoring uses."""

    model: MonitoredModel
    name: str
    source: str = ""
    grpc: bool = False

    @property
    def manifest(self) -> Any:
        facts = {"name": self.model.name, "tag": self.model.version, "task": self.model.task}
        return SimpleNamespace(
            **facts,
            schema_=SimpleNamespace(outputs=()),
            slices=SimpleNamespace(columns={"color": ("E",)}, rules={}),
            model=[SimpleNamespace(size=50 << 20)],
            serve=SimpleNamespace(workers=2, grpc=self.grpc, network=False),
            solution=SimpleNamespace(members=[SimpleNamespace(name=n) for n in self.model.members]),
        )

    def profile(self) -> Any:
        features = [SimpleNamespace(name=name) for name in self.model.features]
        return SimpleNamespace(features=features)


def deployed(
    out: Path,
    model: MonitoredModel = MODEL,
    image: str = IMAGE,
    objectives: Objectives = Objectives(),
    *,
    options: AlertOptions = AlertOptions(),
    keys: bool = False,
    parts: tuple[tuple[str, ...], tuple[str, ...]] = ((), ()),
    replicas: int = 1,
    grpc: bool = False,
) -> DeployResult:
    package: Any = Packaged(model, image, grpc=grpc)
    asked = ComposeOptions(replicas=replicas, keys=keys, added=parts[0], left_out=parts[1])
    return deploy_compose(package, out, asked, objectives, options)


def written(tmp_path: Path, model: MonitoredModel = MODEL) -> Path:
    out = tmp_path / "out"
    deployed(out, model)
    return out


def contents(out: Path) -> dict[str, bytes]:
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in out.rglob("*")
        if path.is_file()
    }


def generated(out: Path) -> dict[str, bytes]:
    """The contents without the secrets, which no two folders share."""
    return {
        path: content for path, content in contents(out).items() if path not in (*TOKENS, PASSWORD)
    }
