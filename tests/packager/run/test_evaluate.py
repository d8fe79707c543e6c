from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from command import NO_ENGINE, Package, package
from rule_project import rule_project

from monitoring.slices.slices import ALL
from monitoring.stats.paired import SeedRuns
from packager.report.evaluation import as_text
from packager.run.output_scores import OUTPUT_MEASURES
from packager.run.paired_evaluation import adjusted_outputs, compare_scores


def test_a_package_is_no_better_than_itself(local_package: Package) -> None:
    data = local_package.project / "data/visits.csv"
    one = local_package.reference
    done = package("diff", one, one, "--data", data, "--local", env=NO_ENGINE)
    assert done.code == 0, done.err
    assert done.out.startswith("no difference beyond chance: accuracy ")
    assert "by sampling variance" in done.out
    assert "channel=web" in done.out
    assert "package train --seeds 5" in done.out


@pytest.mark.long
def test_a_worse_package_is_called_so_by_slice_too(local_package: Package, tmp_path: Path) -> None:
    image = tmp_path / "image"
    project = rule_project(local_package.project, tmp_path / "starter")
    built = package("build", project, "--output", f"oci:{image}", env=NO_ENGINE)
    assert built.code == 0, built.err
    data = project / "data/visits.csv"
    done = package(
        "diff", local_package.reference, image, "--data", data, "--json", "--local", env=NO_ENGINE
    )
    assert done.code == 0, done.err
    assert done.json["sentence"].startswith("the second is worse: accuracy ")
    found = done.json["overall"]
    assert found["high"] < 0
    assert found["p"] < 0.05
    assert set(done.json["q"]) == set(done.json["slices"])
    assert all(done.json["q"][name] >= one["p"] for name, one in done.json["slices"].items())


def test_a_file_without_labels_is_refused(local_package: Package, tmp_path: Path) -> None:
    frame = pd.read_csv(local_package.project / "data/visits.csv").drop(columns="returned")
    frame.to_csv(tmp_path / "rows.csv", index=False)
    one = local_package.reference
    done = package("diff", one, one, "--data", tmp_path / "rows.csv", "--local", env=NO_ENGINE)
    assert done.code == 2
    assert "expected the target 'returned' among the columns" in done.err


def scores_of(one: Any, other: Any, masks: Any) -> dict[str, Any]:
    return {ALL: (one, other)} | {name: (one[mask], other[mask]) for name, mask in masks.items()}


def test_a_slice_whose_seeds_are_not_known_is_judged_by_the_sample_and_named() -> None:
    one, other = np.repeat([0.0, 1.0], [30, 70]), np.repeat([0.0, 1.0], [10, 90])
    masks = {"a": np.arange(100) < 60, "b": np.arange(100) >= 60}
    scores, label = scores_of(one, other, masks), OUTPUT_MEASURES["label"]
    spread = (SeedRuns(0.04, 4), SeedRuns(0.04, 4))
    found = compare_scores(scores, label, {ALL: spread, "a": spread})
    assert found.sentence.endswith(
        "by seed and sampling variance; by sampling variance alone there would be one"
    )
    assert found.by_sample == ("b",)
    assert as_text(found).endswith("by sampling variance alone, seed variance unknown: b")
    found = compare_scores(scores, label, {})
    assert found.sentence.startswith("the second is better: accuracy 0.7000 and 0.9000")
    assert found.sentence.endswith("more than sampling variance explains")


def test_a_handful_of_rows_tells_nothing() -> None:
    for rows, said in ((4, "too few rows to decide: accuracy "), (5, "the second is better: ")):
        masks = {"a": np.ones(rows, dtype=bool)}
        scores = scores_of(np.zeros(rows), np.ones(rows), masks)
        found = compare_scores(scores, OUTPUT_MEASURES["label"], {})
        assert found.sentence.startswith(said)


def test_chances_of_several_outputs_are_adjusted_for_their_number() -> None:
    label, better = OUTPUT_MEASURES["label"], np.repeat([0.0, 1.0], [3, 97])
    one = compare_scores({ALL: (np.repeat([0.0, 1.0], [10, 90]), better)}, label, {})
    same = compare_scores({ALL: (better, better)}, label, {})
    found = adjusted_outputs({"a": one, "b": same, "c": same})
    assert found["a"].overall.p == min(1, 3 * one.overall.p)
    assert found["a"].overall.p_sample == min(1, 3 * one.overall.p_sample)
    assert found["b"].overall.p == 1
