from __future__ import annotations

from pathlib import Path

import pytest
from host_samples import RecordedProgress, make_wheel
from indexes import folder_index

from packager.environment import dependencies, large_wheels
from packager.environment.dependencies import Requirements, check_versions
from packager.environment.lock import LockFile, load_lock
from packager.environment.platform import WheelTarget
from packager.environment.wheels import missing, wheel_path
from packager.errors import PackageError
from packager.manifest.manifest import Base, Wheel

pytestmark = [pytest.mark.usefixtures("cache"), pytest.mark.slow]

BASE = Base(reference="python:3.11", diff_ids=("sha256:" + "1" * 64,), env=())


def test_the_first_lock_is_resolved_and_fetched(lock_alpha, tmp_path: Path):
    heard = RecordedProgress()
    got = lock_alpha(heard=heard)
    assert heard.steps[0] == "resolving requirements.txt"
    assert ("alpha-1.0-py3-none-any.whl", "fetched") in heard.items
    assert [wheel.version for wheel in got.lock.wheels] == ["1.0"]
    assert got.lock.base == "none"
    assert missing(got.lock.wheels) == []
    assert load_lock(tmp_path / "package.lock") == got.file


def test_a_lock_that_still_answers_is_taken_though_newer_versions_came(lock_alpha, tmp_path: Path):
    first = lock_alpha()
    make_wheel(tmp_path / "links", "alpha", {"alpha.py": ""}, version="2.0")
    heard = RecordedProgress()
    assert lock_alpha(heard=heard) == first
    assert heard.steps == ["dependencies as locked in package.lock"]


def test_update_takes_the_newer_versions(lock_alpha, tmp_path: Path):
    lock_alpha()
    make_wheel(tmp_path / "links", "alpha", {"alpha.py": ""}, version="2.0")
    assert [wheel.version for wheel in lock_alpha(update=True).lock.wheels] == ["2.0"]


def test_another_need_moves_only_what_it_must(lock_alpha, tmp_path: Path):
    lock_alpha()
    make_wheel(tmp_path / "links", "alpha", {"alpha.py": ""}, version="2.0")
    make_wheel(tmp_path / "links", "beta", {"beta.py": ""})
    (tmp_path / "requirements.txt").write_text("alpha\nbeta\n")
    got = lock_alpha()
    assert {wheel.name: wheel.version for wheel in got.lock.wheels} == {
        "alpha": "1.0",
        "beta": "1.0",
    }


def test_a_locked_wheel_that_went_missing_is_fetched_again(lock_alpha):
    wheel = lock_alpha().lock.wheels[0]
    wheel_path(wheel).unlink()
    lock_alpha()
    assert missing([wheel]) == []


def test_a_base_is_pinned_by_its_layers(lock_alpha):
    assert lock_alpha(BASE).file.bases == (BASE,)
    other = BASE.model_copy(update={"reference": "a-base"})
    assert lock_alpha(other).file.bases == (other, BASE)
    assert lock_alpha().file.bases == (other, BASE)


def test_a_base_pinned_before_its_packages_were_named_is_the_same_base(lock_alpha):
    lock_alpha(BASE)
    named = BASE.model_copy(update={"packages": ("libc6=2.36",)})
    assert lock_alpha(named).file.bases == (named,)


def test_a_base_that_moved_under_its_name_is_refused(lock_alpha):
    lock_alpha(BASE)
    moved = BASE.model_copy(update={"diff_ids": ("sha256:" + "2" * 64,)})
    with pytest.raises(PackageError) as caught:
        lock_alpha(moved)
    assert caught.value.message == (
        "base python:3.11: expected the layers pinned in package.lock (sha256:111111111111…), "
        "got others (sha256:222222222222…)"
    )
    assert "--upgrade" in caught.value.hint
    assert lock_alpha(moved, update=True).file.bases == (moved,)


@pytest.mark.parametrize("option", ["-f links", "--find-links=links"])
def test_a_folder_named_in_requirements_is_used_again_for_what_is_locked(
    lock_alpha, tmp_path: Path, monkeypatch, option: str
):
    monkeypatch.setattr(dependencies, "user_index_options", lambda: folder_index(tmp_path / "no"))
    (tmp_path / "no").mkdir()
    (tmp_path / "requirements.txt").write_text("-r more.txt\n")
    (tmp_path / "more.txt").write_text(f"{option}\nalpha\n")
    wheel = lock_alpha().lock.wheels[0]
    wheel_path(wheel).unlink()
    lock_alpha()
    assert missing([wheel]) == []


def test_large_wheels_are_named_of_a_new_and_of_a_known_lock(lock_alpha, monkeypatch):
    monkeypatch.setattr(large_wheels, "LARGE_BYTES", 100)
    heard = RecordedProgress()
    for _ in range(2):
        lock_alpha(heard=heard)
    assert [told.startswith("the wheels unpack to ") for told in heard.warnings] == [True, True]


def test_every_version_that_another_platform_lacks_is_named() -> None:
    wheels = [
        Wheel(name=n, version=v, filename=f"{n}-{v}-py3-none-any.whl", sha256="0" * 64, groups=())
        for n, v in (("alpha", "1.0"), ("beta", "2.1"), ("gamma", "3.0"))
    ]
    native = [one.model_copy(update={"version": "2.2"}) for one in wheels[:2]]
    other = LockFile(inputs="", python="3.11", platform="linux/amd64", wheels=(*native, wheels[2]))
    elsewhere = WheelTarget("3.11", "linux/arm64", (2, 36))
    requirements = Requirements(Path("requirements.txt"), same_as=other)
    with pytest.raises(PackageError) as caught:
        check_versions(wheels, requirements, elsewhere)
    assert caught.value.message == (
        "expected wheels for linux/arm64 of the versions that linux/amd64 has, alpha 2.2, "
        "beta 2.2, got none; it has alpha==1.0, beta==2.1"
    )
    assert caught.value.hint == (
        "ask in requirements.txt for versions that have wheels for both, such as alpha==1.0, "
        "beta==2.1, or leave linux/arm64 out"
    )
    check_versions(wheels[2:], requirements, elsewhere)
    check_versions(wheels, Requirements(Path("requirements.txt")), elsewhere)
