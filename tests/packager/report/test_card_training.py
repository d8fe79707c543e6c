"""Data, checks, reproduction and environment on a model card."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from host_samples import LOCK, MANIFEST
from sbom_samples import SCHEMA, opened_package

from packager.manifest.base import FileEntry
from packager.manifest.case import Case
from packager.manifest.data_roles import Split
from packager.manifest.evaluation import DataCheckSummary, RepeatabilityResult
from packager.manifest.label_schemes import LabelScheme, TableVersion, TrainedLabels
from packager.manifest.manifest import DataSource, Fingerprint, Recipe
from packager.manifest.policy import Policy
from packager.manifest.solution import Solution
from packager.report.card_training import checks, data_facts, environment_facts, reproduction

DATA = DataSource(
    target="y", format="csv", files=(FileEntry(path="a.csv", sha256="a" * 64, size=1),),
    test_file=None, embed="none", fingerprint="c" * 64, train_rows=1800, test_rows=200,
    split=Split(test=0.1, seed=7, by=("shop",)), exclude=("id",), unlabelled={"": 3},
)  # fmt: skip
RECIPE = Recipe(
    train="train:train", seed=7, params={"depth": 3, "alpha": 0.5}, accept={"mae": 0.01}
)
SUMMARY = DataCheckSummary(digest="0" * 64, counts={"duplicate": 1200}, allowed=True)
FINGERPRINT = Fingerprint(
    files=(), schema="0", columns={"a": "0", "b": "0"}, row_count=2000, rows=("0", "0"),
    ordered="0", sketch=(),
)  # fmt: skip


class Opened:
    """A reference of a manifest alone."""

    def __init__(self, **fields: object) -> None:
        self.manifest = MANIFEST.model_copy(update=fields)

    def fingerprint(self) -> Fingerprint:
        return FINGERPRINT


def facts(**fields: object) -> dict[str, str]:
    return dict(data_facts(Opened(**fields)))  # type: ignore[arg-type]


def test_data_has_rows_split_fingerprint_and_findings():
    assert facts(data=DATA, recipe=RECIPE, findings=SUMMARY) == {
        "rows to train": "1,800",
        "rows held out": "200, a share of 0.1 by hash of shop, seed 7",
        "target": "y",
        "files": "a.csv (sha256 aaaaaaaaaaaa)",
        "columns": "2",
        "fingerprint": f"dfp/1 {'c' * 64}",
        "columns not used": "id",
        "rows dropped without a label": "3",
        "data check": "1,200 duplicate; the build went on by --allow-findings",
    }
    assert facts()["training data"] == "not in the package: the model was trained elsewhere"


def test_a_table_is_named_with_version_and_labels():
    labels = TrainedLabels(
        scheme=LabelScheme(name="mood"), sha256="d" * 64, labelled=9000, unresolved=2, unlabelled=1
    )
    table = TableVersion(table="t", version=3, labels=labels)
    found = facts(data=DATA.model_copy(update={"table": table, "split": Split(file="b.csv")}))
    assert found["table"] == "t, version 3"
    assert found["labels"] == "scheme mood: 9,000 rows labelled, 2 disputed, 1 unlabelled"
    assert found["rows held out"] == "200, those of b.csv"
    later = DATA.model_copy(update={"split": Split(time="at", start="2026-01-01")})
    assert facts(data=later)["rows held out"] == "200, those from 2026-01-01 on, by at"


def test_checks_say_what_a_second_training_reached_and_what_the_model_fails_on():
    repeat = RepeatabilityResult(
        level="predictions", state=None, differing=("tree 3",), nondeterminism=("train.py:3: set",)
    )
    fails = SCHEMA.features[0].model_copy(update={"refuses": ("null",), "fatal": ("null",)})
    case = Case(name="more is dearer", kind="monotonic", column="rooms", expect="increases")
    manifest = MANIFEST.model_copy(
        update={
            "repeatability": repeat,
            "schema_": SCHEMA.model_copy(update={"features": (fails,)}),
            "test": Policy(case=(case,)),
        }
    )
    assert dict(checks(manifest)) == {
        "second training": (
            "predictions: every held-out row gets the same prediction; differs: tree 3"
        ),
        "source of nondeterminism": "train.py:3: set",
        "compiled": "off: the native model predicts every row",
        "case more is dearer": "monotonic; a failure stops the build",
        "input rooms": "the model fails on null; ends its process on null",
    }


def test_how_to_train_again_depends_on_what_the_package_has():
    manifest = MANIFEST.model_copy(update={"data": DATA, "recipe": RECIPE})
    assert dict(reproduction(manifest)) == {
        "command": "package replay REF",
        "level": "none (reached by the second training of the build): no level was reached",
        "recipe": "train:train, seed 7",
        "parameters": "alpha = 0.5, depth = 3",
        "accepted differences": "mae ± 0.01000",
        "rows": "not in the package: name them with --data",
    }
    claimed = RECIPE.model_copy(update={"level": "artifact"})
    level = dict(reproduction(manifest.model_copy(update={"recipe": claimed})))["level"]
    assert level == "artifact (claimed): the model's files are equal, byte for byte"
    assert dict(reproduction(MANIFEST)) == {
        "training": "not in the package: the model was trained elsewhere"
    }
    solution = MANIFEST.model_copy(update={"solution": Solution(flow="a:b", members=())})
    assert "--member NAME" in dict(reproduction(solution))["training"]


def test_the_environment_names_base_wheels_and_machine(tmp_path: Path):
    with opened_package(tmp_path) as reference:
        found = dict(environment_facts(reference))
    assert found["base"] == "made:1, 2 Debian packages"
    assert found["platform"] == "linux/amd64, proved on such a machine"
    native = MANIFEST.platforms["linux/amd64"]
    others = {"linux/arm64": "emulation", "linux/s390x": None}
    named = {name: native.model_copy(update={"proved_on": proof}) for name, proof in others.items()}
    manifest = MANIFEST.model_copy(update={"platforms": {**named, "linux/amd64": native}})
    several = SimpleNamespace(manifest=manifest, lock=lambda: LOCK)
    assert dict(environment_facts(several))["platform"] == (  # type: ignore[arg-type]
        "linux/amd64, proved on such a machine; linux/arm64, proved under emulation; "
        "linux/s390x, not proved by the build"
    )
    assert found["wheels of the model"] == "fit-it 1.0"
    assert found["wheels in all"] == "3, each locked by sha256"
    with opened_package(tmp_path / "none", base=None) as reference:
        found = dict(environment_facts(reference))
    assert found["base"] == "none: runs on a machine's own Python"
