from __future__ import annotations

from typing import Any

import pytest
from host_samples import LOCK, MANIFEST
from hypothesis import given
from hypothesis import strategies as st

from packager.errors import UsageError
from packager.manifest.manifest import Lock, Wheel
from packager.project.sections import MemberSection
from packager.solutions.member_package import MemberPackage
from packager.solutions.plan import plan_solution, with_members


def wheel(name: str, version: str = "1", *groups: Any) -> Wheel:
    digest = (name + version).encode().hex().ljust(64, "0")[:64]
    file = f"{name}-{version}-py3-none-any.whl"
    groups = groups or ("model",)
    return Wheel(name=name, version=version, filename=file, sha256=digest, groups=groups)


def lock(*wheels: Wheel, **changes: Any) -> Lock:
    return LOCK.model_copy(update={"wheels": wheels, **changes})


def member(name: str, locked: Lock, *modules: str, **changes: Any) -> MemberPackage:
    serve = MANIFEST.serve.model_copy(update={"network": changes.pop("network", False)})
    section = MemberSection(name=name, package=f"../{name}", **changes)
    manifest = MANIFEST.model_copy(update={"serve": serve})
    return MemberPackage(section, manifest, locked, frozenset(modules))


OWN = lock(wheel("numpy"), wheel("pandas"), wheel("uvicorn", "1", "server"))


def processes(*members: MemberPackage) -> dict[str, str]:
    plan = plan_solution("flow:run", members, OWN, ["flow.py", "src/shared/x.py"], network=False)
    assert [one.name for one in plan.spec.members] == [one.name for one in plan.record.members]
    assert [one.process for one in plan.spec.members] == [o.process for o in plan.record.members]
    return {one.name: one.process for one in plan.record.members}


def test_members_with_the_same_lock_share_the_process() -> None:
    found = processes(
        member("a", lock(wheel("numpy")), "a_code"),
        member("b", lock(wheel("numpy", "2")), "b_code"),
        member("c", lock(wheel("scipy")), "c_code"),
        member("d", lock(wheel("uvicorn"))),
    )
    assert found == {"a": "inline", "b": "own", "c": "own", "d": "own"}


def test_members_with_modules_of_the_same_name_do_not() -> None:
    found = processes(
        member("a", lock(), "train"),
        member("b", lock(), "train"),
        member("c", lock(), "flow"),
        member("d", lock(), "shared"),
        member("e", lock(), "other"),
    )
    assert found == {"a": "inline", "b": "own", "c": "own", "d": "own", "e": "inline"}


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (lock(wheel("numpy", "2")), "it needs numpy 2, and the solution has 1"),
        (lock(wheel("scipy")), "the solution's lock has no scipy, which the member needs"),
    ],
)
def test_inline_that_cannot_be_says_why(one: Lock, why: str) -> None:
    with pytest.raises(UsageError, match=rf"\[\[member\]\] a: `process`: .* inline, but {why}"):
        processes(member("a", one, process="inline"))
    with pytest.raises(UsageError, match="it has a module 'flow', as the solution has"):
        processes(member("a", lock(), "flow", process="inline"))


def test_why_a_member_has_a_process_is_told_unless_it_was_asked_for() -> None:
    members = [
        member("a", lock(), "train"),
        member("b", lock(), "train"),
        member("c", lock(wheel("scipy")), process="own"),
    ]
    plan = plan_solution("flow:run", members, OWN, [], network=False)
    assert plan.reasons == {"b": "it has a module 'train', as member 'a' has"}


def test_a_deadline_needs_a_process() -> None:
    assert processes(member("a", lock(), deadline=2.0)) == {"a": "own"}
    with pytest.raises(UsageError, match="it has a deadline, which only a process of its own"):
        processes(member("a", lock(), deadline=2.0, process="inline"))


def test_own_is_taken_although_it_could_be_inline() -> None:
    assert processes(member("a", lock(), process="own")) == {"a": "own"}


def test_a_member_of_another_python_or_with_the_network() -> None:
    with pytest.raises(UsageError, match=r"expected a package for Python 3.11 .* got Python 3.13"):
        processes(member("a", lock(python="3.13")))
    with pytest.raises(UsageError, match="its package needs the network"):
        processes(member("a", lock(), network=True))


names = st.sampled_from(["numpy", "pandas", "scipy", "uvicorn"])
versions = st.sampled_from(["1", "2"])
locks = st.lists(st.tuples(names, versions), unique_by=lambda one: one[0]).map(
    lambda pairs: [wheel(*pair) for pair in pairs]
)


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), locks))
def test_each_environment_finds_its_wheels_in_a_lock_of_all(
    members: dict[str, list[Wheel]],
) -> None:
    whole = with_members(OWN, members)
    assert len({one.sha256 for one in whole.wheels}) == len(whole.wheels)
    for group in ("model", "server"):
        assert [w.sha256 for w in whole.wheels_of(group)] == [
            w.sha256 for w in OWN.wheels_of(group)
        ]
    for name, wheels in members.items():
        found = {one.sha256 for one in whole.wheels_of_member(name)}
        assert found == {one.sha256 for one in wheels}
    needed = {one.sha256 for wheels in members.values() for one in wheels}
    assert {one.sha256 for one in whole.wheels_of("members")} == needed
