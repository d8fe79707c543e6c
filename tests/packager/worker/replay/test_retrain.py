"""What a build detects when it runs the recipe a second time."""

from __future__ import annotations

import pandas as pd
import pytest
from worker_projects import FOREST, RECIPE, RULE, Ended, Project

from packager.manifest.evaluation import RepeatabilityResult
from packager.manifest.manifest import Recipe
from packager.worker.job import TrainingResult

pytestmark = pytest.mark.slow


def recipe(**changes: object) -> Recipe:
    return RECIPE.model_copy(update=changes)


def repeated(project: Project, rows: pd.DataFrame, train: str, **changes: object) -> Ended:
    """The end of a build that runs the recipe of ``train`` twice; ``changes`` are its own."""
    project.code(train=train, rule=RULE)
    project.data(rows)
    return project.start(project.job(repeat=True, recipe=recipe(**changes)))


def observed(project: Project, ended: Ended) -> RepeatabilityResult:
    """What a build that succeeded saw."""
    assert ended.code == 0, ended.stderr
    found = TrainingResult.load(project.out / "result.json").repeatability
    assert found is not None
    return found


def test_a_seeded_recipe_is_seen_to_repeat_to_the_byte(
    project: Project, rows: pd.DataFrame
) -> None:
    seen = observed(project, repeated(project, rows, FOREST))
    assert (seen.level, seen.bit_equal, seen.differing) == ("artifact", True, ())
    assert seen.state is not None


UNSEEDED = """
    import numpy as np
    from rule import Rule

    def train(features, target, *, params, seed):
        drawn = int(np.random.default_rng().integers(2**31))
        return Rule(random_state=drawn)
"""


def test_a_claim_above_the_level_seen_is_refused_with_the_reason(
    project: Project, rows: pd.DataFrame
) -> None:
    ended = repeated(project, rows, UNSEEDED)
    assert ended.code == 1
    assert "the recipe ran twice and the second model reached" in ended.error["message"]
    assert "expected 'artifact' as [recipe] level claims" in ended.error["message"]
    assert ".random_state: " in ended.error["message"]
    assert ended.error["hint"].startswith(
        "train.py:6: numpy.random.default_rng() draws random numbers without the seed"
    )


def test_a_lower_claimed_level_is_accepted_and_nondeterminism_recorded(
    project: Project, rows: pd.DataFrame
) -> None:
    names = ("accuracy", "balanced_accuracy", "f1_macro", "log_loss", "roc_auc")
    accept = dict.fromkeys(names, 100.0)
    seen = observed(project, repeated(project, rows, UNSEEDED, level="metrics", accept=accept))
    assert seen.level in ("predictions", "metrics")
    assert seen.nondeterminism[0].startswith("train.py:6: numpy.random.default_rng()")
    assert any(part.startswith(".random_state") for part in seen.differing)


TIMED = """
    import time
    from rule import Rule

    def train(features, target, *, params, seed):
        model = Rule(random_state=seed)
        model.fitted_at_ = time.time()
        model.at_ = id(model)
        return model
"""


def test_without_a_claim_the_level_is_recorded_and_what_differs_is_reported(
    project: Project, rows: pd.DataFrame
) -> None:
    ended = repeated(project, rows, TIMED, level=None)
    seen = observed(project, ended)
    assert (seen.level, seen.differing) == ("state", ())
    assert (
        "the second model reached the equivalence level 'state'. A replay must reach it too."
        in ended.stderr
    )
    assert ".fitted_at_: a time of the fit: " in ended.stderr
    assert "set it to None before train returns the model" in ended.stderr
    assert "seed" not in ended.stderr


FAILS_AGAIN = """
    import os
    from rule import Rule

    def train(features, target, *, params, seed):
        if sorted(os.listdir()) != os.listdir():
            os._exit(7)
        return Rule()
"""


def test_a_failed_second_training_ends_a_build_only_if_a_level_is_claimed(
    project: Project, rows: pd.DataFrame
) -> None:
    ended = repeated(project, rows, FAILS_AGAIN, level=None)
    seen = observed(project, ended)
    assert (seen.level, seen.bit_equal) == ("none", False)
    assert "exit code 7" in seen.differing[0]
    assert "the repeatability is unknown" in ended.stderr
    claimed = repeated(project, rows, FAILS_AGAIN)
    assert claimed.error["message"].startswith("training again failed: ")


SEARCH = """
    from sklearn.model_selection import GridSearchCV
    from sklearn.tree import DecisionTreeClassifier

    def train(features, target, *, params, seed):
        tree = DecisionTreeClassifier(random_state=seed)
        return GridSearchCV(tree, {"max_depth": [1, 2]}, cv=2).fit(features, target)
"""


def test_timings_inside_a_model_leave_the_level_state_and_are_named(
    project: Project, rows: pd.DataFrame
) -> None:
    ended = repeated(project, rows, SEARCH)
    assert "reached the equivalence level 'state', expected 'artifact'" in ended.error["message"]
    assert ".cv_results_.mean_fit_time: largest difference" in ended.error["message"]
    assert ended.error["hint"] == (
        "a search remembers how long each fit took: return its best_estimator_;"
        ' or claim level = "state"'
    )


def test_a_recipe_that_finds_its_first_model_or_follows_the_file_system_is_found_out(
    project: Project, rows: pd.DataFrame
) -> None:
    project.code(
        train="""
        import os, pickle, tempfile
        from pathlib import Path
        from rule import Rule

        def train(features, target, *, params, seed):
            kept = Path(tempfile.gettempdir()) / "kept"
            if kept.exists():
                return pickle.loads(kept.read_bytes())
            names = os.listdir("parts")
            model = Rule(max_depth=1 + names.index("c"))
            kept.write_bytes(pickle.dumps(model))
            return model
        """,
        rule=RULE,
    )
    for name in "abcd":
        (project.root.code / "parts").mkdir(exist_ok=True)
        (project.root.code / "parts" / name).touch()
    project.data(rows)
    scratch = project.root.path / "tmp"
    scratch.mkdir()
    ended = project.start(project.job(repeat=True), TMPDIR=str(scratch), HOME=str(scratch))
    assert ".max_depth: " in ended.error["message"]
    assert ended.error["hint"].startswith(
        "train.py:10: os.listdir() reads files in directory order, which is undefined"
    )


def test_a_file_outside_the_project_is_refused(
    project: Project, rows: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory
) -> None:
    secret = tmp_path_factory.mktemp("elsewhere") / "weights.txt"
    secret.write_text("1")
    project.code(
        train=f"""
        def train(features, target, *, params, seed):
            open({str(secret)!r}).read()
        """
    )
    project.data(rows)
    ended = project.start(project.job(), TMPDIR=str(project.out.parent), HOME="/nonexistent")
    assert ended.code == 1
    assert ended.error["message"] == (
        f"the recipe read {secret}, which is neither in the project nor in its data"
    )
    assert ended.error["hint"].startswith("see train.py:3: put the file into the project")


def test_a_pinned_instruction_set_reaches_the_libraries(
    project: Project, rows: pd.DataFrame
) -> None:
    project.code(train=RULE)
    project.data(rows)
    pinned = recipe(isa="x86-64-v3")
    # Told already to leave out what is above, and to leave out what the instruction set has.
    told = {"NPY_DISABLE_CPU_FEATURES": "X86_V4", "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-FMA"}
    told["OPENBLAS_CORETYPE"] = "Nehalem"
    result = project.train(project.job(repeat=True, recipe=pinned), **told)
    assert any("Haswell" in pool for pool in result.environment.blas)
    assert not any(
        name.startswith(("X86_V4", "AVX512")) for name in result.environment.cpu_features
    )
    steered = result.environment.variables
    assert "OPENBLAS_CORETYPE=Haswell" in steered
    assert not any(entry.startswith("GLIBC_TUNABLES") for entry in steered)
    assert result.repeatability is not None
    assert result.repeatability.level == "artifact"
