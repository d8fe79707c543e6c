"""A package that was trained on a table, and its lock with a base and a wheel."""

from __future__ import annotations

from host_samples import LOCK, MANIFEST
from trust_samples import ABSENT

from packager.manifest.base import FileEntry
from packager.manifest.evaluation import DataCheckSummary
from packager.manifest.label_schemes import TableVersion
from packager.manifest.manifest import Base, DataSource, Recipe
from packager.trust.statements import described

ENTRY = FileEntry(path="visits.csv", sha256="a" * 64, size=10)
DATA = DataSource(
    format="csv",
    target="returned",
    files=(ENTRY,),
    test_file=FileEntry(path="held.csv", sha256="b" * 64, size=3),
    embed="companion",
    fingerprint="f" * 64,
    train_rows=8,
    test_rows=2,
    table=TableVersion(table="visits", version=5),
)
TRAINED = MANIFEST.model_copy(
    update={
        "data": DATA,
        "recipe": Recipe(train="train:train", seed=7, params={"depth": 3}, accept={}),
        "code": (FileEntry(path="train.py", sha256="c" * 64, size=1),),
        "findings": DataCheckSummary(digest="e" * 64, counts={"duplicate": 4, "outlier": 0}),
    }
)
BASED = LOCK.model_copy(
    update={
        "wheels": (ABSENT,),
        "base": Base(reference="base:1", diff_ids=(f"sha256:{'d' * 64}",), env=()),
    }
)
SUBJECT = described("package/manifest.json", TRAINED.root)
