"""Two packages whose differences a test defines."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from packager.compare.packages import ComparedPackage
from packager.compare.records import LayerEntry, PackageRef
from packager.data.fingerprint import fingerprint
from packager.digest import sha256_bytes
from packager.manifest.base import FileEntry
from packager.manifest.data_roles import Split
from packager.manifest.evaluation import (
    DataCheckSummary,
    Evaluation,
    MetricValues,
    NumericalEnvironment,
    RepeatabilityResult,
    SeedVariance,
)
from packager.manifest.manifest import (
    Base,
    Column,
    DataSource,
    Lock,
    Manifest,
    Recipe,
    Schema,
    Serve,
    Slices,
    Wheel,
)

FRAME = pd.DataFrame({"basket": [1.5, 2.5, 4.0], "channel": ["web", "app", "web"]})


PRINT = fingerprint(FRAME)


def file(path: str, content: str = "") -> FileEntry:
    return FileEntry(path=path, sha256=sha256_bytes(content.encode()), size=len(content))


def wheel(name: str, version: str = "1.0", **more: Any) -> Wheel:
    made = {"filename": f"{name}-{version}.whl", "sha256": "0" * 64, "groups": ("model",), **more}
    return Wheel(name=name, version=version, **made)


LOCK = Lock(
    python="3.11",
    platform="linux/amd64",
    base=Base(reference="python:3.11", diff_ids=("sha256:1",), env=("LANG=C", "PATH=/bin")),
    wheels=(wheel("numpy"), wheel("pandas", "2.0")),
)


FINDINGS = DataCheckSummary(digest="0" * 64, counts={"id_like": 1})


REPEATABILITY = RepeatabilityResult(level="artifact", state=None)


MANIFEST = Manifest(
    name="shop",
    version="1.0.0",
    task="classification",
    schema=Schema(
        features=(
            Column(name="basket", kind="number", dtype="float64", nullable=False, maximum=4.0),
            Column(name="member", kind="boolean", dtype="bool", nullable=False),
        ),
        target=Column(name="channel", kind="string", dtype="str", nullable=False),
        classes=("app", "web"),
    ),
    serve=Serve(predictor="auto", compile="auto", workers=2, strict=False),
    slices=Slices(columns={"channel": ("app", "web")}, rules={"big basket": "basket >= 100"}),
    recipe=Recipe(
        train="train:train", seed=7, params={"trees": {"depth": 3}}, level="artifact", accept={}
    ),
    data=DataSource(
        format="csv",
        files=(file("visits.csv"),),
        test_file=None,
        target="channel",
        exclude=(),
        split=Split(),
        embed="companion",
        fingerprint=sha256_bytes(PRINT.dump()),
        train_rows=2,
        test_rows=1,
    ),
    findings=FINDINGS,
    repeatability=REPEATABILITY,
    seed_variance=SeedVariance(seeds=(1, 2), overall={}, slices={}),
    evaluation=Evaluation(
        overall=MetricValues(rows=10, values={"accuracy": 0.5}),
        slices={"channel=web": MetricValues(rows=6, values={"accuracy": 0.25, "roc_auc": 0.5})},
    ),
    environment=NumericalEnvironment(
        python="3.11.7", machine="x86_64", cpu="some", cpu_features=("SSE", "AVX"),
        blas=(), threads=1, isolation="process",
    ),
    runtime="0" * 64,
    code=(file("train.py", "x = 1"), file("package.toml")),
    model=(file("model"),),
    files=(file("golden.json"),),
    platforms={},
)  # fmt: skip


LAYERS = tuple(
    LayerEntry(name=name, diff_id=f"sha256:{sha256_bytes(name.encode())}", size=size)
    for name, size in (("base", 1000), ("numpy 1.0", 100), ("code", 10), ("package", 1))
)


DATA = LayerEntry(name="data", diff_id=f"sha256:{'d' * 64}", size=10_000)


SHOP = ComparedPackage(
    PackageRef(name="shop:1", root=MANIFEST.root, config_digest="sha256:0", companion=True),
    MANIFEST,
    LOCK,
    PRINT,
    {"Env": ["A=1"], "Cmd": ["python"], "User": "65532:0", "Labels": {"x": "y"}},
    LAYERS,
    (*LAYERS, DATA),
)


def manifest_with(**update: Any) -> ComparedPackage:
    return replace(SHOP, manifest=MANIFEST.model_copy(update=update))


def lock_with(**update: Any) -> ComparedPackage:
    return replace(SHOP, lock=LOCK.model_copy(update=update))


def part(name: str, **update: Any) -> ComparedPackage:
    return manifest_with(**{name: getattr(MANIFEST, name).model_copy(update=update)})


def layer(name: str, content: str, size: int) -> LayerEntry:
    return LayerEntry(name=name, diff_id=f"sha256:{sha256_bytes(content.encode())}", size=size)
