"""The parts in which two models differ are named."""

from __future__ import annotations

from types import SimpleNamespace as Holder
from typing import Any

import numpy as np

from modelhost.state import state, state_digest
from packager.worker.replay.state_differences import differences


def digest(value: Any) -> str:
    return state_digest(state(value))


def fitted(**changes: Any) -> Any:
    from sklearn.ensemble import RandomForestClassifier

    rows = np.random.default_rng(0).normal(size=(80, 3))
    settings = {"n_estimators": 3, "random_state": 1, "max_depth": 3, **changes}
    return RandomForestClassifier(**settings).fit(rows, rows[:, 0] > 0)


def test_what_does_not_count_is_named_all_the_same() -> None:
    one, other = state(fitted(n_jobs=1)), state(fitted(n_jobs=2))
    assert differences(one, other) == ()
    assert differences(one, other, ignored=True) == (".n_jobs: 1, now 2",)
    assert digest(Holder(verbose=(x for x in ()), a=1)) == digest(Holder(verbose=False, a=1))


def test_the_part_that_differs_is_named_with_how_much() -> None:
    one = Holder(steps=[("scale", None), ("fit", Holder(coef_=np.array([1.0, 2.0])))])
    other = Holder(steps=[("scale", None), ("fit", Holder(coef_=np.array([1.0, 2.5])))])
    assert differences(state(one), state(other)) == (".steps[1][1].coef_: largest difference 0.5",)
    assert differences(state(Holder(a="x", b=1)), state(Holder(a="y"))) == (
        ".a: 'x', now 'y'",
        ".b: only in the recorded model",
    )
    assert differences(state(Holder(a=np.zeros(2))), state(Holder(a=np.zeros(3)))) == (
        ".a: shape (2,), now (3,)",
    )


def test_many_differences_are_counted() -> None:
    found = differences(state(list(range(30))), state(list(range(1, 31))))
    assert len(found) == 11
    assert found[-1] == "and 20 more"
