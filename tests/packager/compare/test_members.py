from __future__ import annotations

from host_samples import MANIFEST
from solution_layers import made_solution
from trust_samples import ABSENT

from packager.compare.members import described, own_wheels
from packager.compare.packages import changes

MADE = made_solution()
WHOLE = MANIFEST.model_copy(update={"solution": MADE.solution})


def test_a_changed_member_is_named_with_what_changed() -> None:
    first, text = MADE.solution.members
    newer = text.model_copy(update={"root": "f" * 64, "deadline": 2.0})
    other = MADE.solution.model_copy(update={"members": (first, newer)})
    wheel = ABSENT.model_copy(update={"version": "2.0", "groups": ("model",)})
    lock = MADE.lock.model_copy(update={"wheels": (wheel,)})
    after = described(MANIFEST.model_copy(update={"solution": other}), lock)
    found = {change.path: change.after for change in changes(described(WHOLE, MADE.lock), after)}
    assert found == {
        ("text", "root"): "f" * 64,
        ("text", "deadline"): 2.0,
        ("text", "requirements", "shop"): "2.0",
    }


def test_a_package_of_one_model_has_no_members() -> None:
    assert described(MANIFEST, MADE.lock) == {}


def test_wheels_of_members_alone_are_not_the_solutions() -> None:
    alone = ABSENT.model_copy(update={"groups": ("members",)})
    both = ABSENT.model_copy(update={"groups": ("model", "members"), "sha256": "1" * 64})
    lock = MADE.lock.model_copy(update={"wheels": (alone, both)})
    assert own_wheels(lock) == [both]
