"""New data, a retrained version, its roll-out under load, and a bad version that is refused."""

from __future__ import annotations

from drill_parts import paths, stack, tracker
from drill_parts.checks import Record
from drill_parts.load import Load
from drill_parts.preparation import TABLE, write_project
from drill_parts.programs import package, package_json
from drill_parts.rows import SLICE

BROKEN_TRAIN = """\
import pandas as pd
from sklearn.dummy import DummyClassifier


def train(features: pd.DataFrame, target: pd.Series, *, params: dict, seed: int) -> DummyClassifier:
    return DummyClassifier(strategy="most_frequent").fit(features, target)
"""
CLOSED_SECONDS = 120


def better_release(record: Record, load: Load, first: str) -> None:
    """The new rows become a version of the table; the model that learned them is rolled out."""
    record.start("new data, and a version that learned them")
    package("data", "add", "second.csv", "--table", TABLE, "-m", "as it is now")
    write_project("2.0.0", 2)
    second = _built()
    compared = package_json("diff", first, second, "--data", "judged.csv")
    worse, better = _accuracy(compared)
    record.check(f"{SLICE} is better", better > worse, f"accuracy {worse:.3f} → {better:.3f}")
    record.start("roll-out under load")
    since = load.count
    done = package("deploy", "update", second, "--output", paths.DEPLOYED, check=False)
    record.check("the gate passes", done.returncode == 0, done.stderr.strip()[-300:])
    record.none_lost(load, since)
    record.figures["requests during the roll-out"] = str(load.count - since)
    versions = {one.version for one in load.sent[-20:]}
    record.check("the new version answers", len(versions) == 1, ", ".join(sorted(versions)))
    took = tracker.wait_for(lambda found: not [x for x in found if x.is_open], CLOSED_SECONDS)
    told = "not within its bound" if took is None else f"after {took:.0f} s"
    record.check("its issues are closed", took is not None, told)


def bad_release(record: Record, load: Load) -> None:
    """A version that is worse is refused, and the serving one stays."""
    record.start("a version that is worse")
    (paths.PROJECT / "train.py").write_text(BROKEN_TRAIN, encoding="utf-8")
    write_project("3.0.0", 2)
    third = _built()
    serving = load.sent[-1].version
    since = load.count
    update = ("deploy", "update", third, "--output", paths.DEPLOYED, "--data", "judged.csv")
    done = package(*update, check=False)
    record.check("the gate refuses", done.returncode == 1, done.stderr.strip()[-300:])
    now = {one.version for one in load.sent[-20:]}
    record.check("the earlier version answers", now == {serving}, ", ".join(sorted(now)))
    record.none_lost(load, since)


def replayed(record: Record) -> None:
    """The deployed version trains again to the same model."""
    record.start("replay of the deployed version")
    reference = stack.serving_reference()
    done = package("replay", reference, check=False)
    lines = done.stdout.strip().splitlines()
    record.check("is equal", done.returncode == 0, lines[-1] if lines else done.stderr[-300:])


def _built() -> str:
    """Build the project into the engine; the name of the package."""
    base = (paths.WORK / "base").read_text(encoding="utf-8")
    built = package_json("build", paths.PROJECT, "--base", base, "--allow-findings")
    return str(built["tag"])


def _accuracy(compared: dict[str, object]) -> tuple[float, float]:
    """Accuracy of both versions in the slice."""
    slices = compared["slices"]
    assert isinstance(slices, dict)
    found = slices[SLICE]
    return float(found["a"]), float(found["b"])
