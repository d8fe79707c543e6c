from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from host_samples import TARGET
from hypothesis import given
from hypothesis import strategies as st

from packager.environment.lock import (
    LockFile,
    inputs_digest,
    load_lock,
    write_lock,
)
from packager.environment.platform import WheelTarget
from packager.errors import UsageError
from packager.manifest.manifest import Base, Wheel

BASE = Base(reference="python:3.11", diff_ids=("sha256:1", "sha256:2"), env=("PATH=/bin", "A=ä"))
WHEEL = Wheel(name="a", version="1", filename="a-1-py3-none-any.whl", sha256="0", groups=("model",))
LOCK = LockFile(
    inputs="1" * 64, python="3.11", platform="linux/amd64", bases=(BASE,), wheels=(WHEEL, WHEEL)
)

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
wheels = st.builds(
    lambda name, version, sha256: Wheel(
        name=name,
        version=version,
        filename=f"{name}-{version}-py3-none-any.whl",
        sha256=sha256,
        groups=("model",),
    ),
    st.from_regex(r"[a-z][a-z0-9]{0,7}", fullmatch=True),
    st.from_regex(r"[1-9][0-9]?\.[1-9]", fullmatch=True),
    st.from_regex(r"[0-9a-f]{64}", fullmatch=True),
)
bases = st.builds(Base, reference=text, diff_ids=st.tuples(text), env=st.tuples(text))
locks = st.builds(
    LockFile,
    inputs=text,
    python=text,
    platform=text,
    bases=st.lists(bases, max_size=2).map(tuple),
    wheels=st.lists(wheels, max_size=3).map(tuple),
)


@pytest.mark.slow
@given(locks)
def test_a_lock_reads_back_as_it_was_written(tmp_path_factory, lock: LockFile):
    path = tmp_path_factory.mktemp("lock") / "package.lock"
    write_lock(lock, path)
    assert load_lock(path) == lock


def test_a_lock_has_one_wheel_a_line(tmp_path: Path):
    path = tmp_path / "package.lock"
    write_lock(LOCK, path)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert sum('"filename":"a-1-py3-none-any.whl"' in line for line in lines) == 2
    assert json.loads(path.read_text(encoding="utf-8"))["schema_version"] == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_no_lock_is_none(tmp_path: Path):
    assert load_lock(tmp_path / "package.lock") is None


@pytest.mark.parametrize("content", ["", "<<<<<<< HEAD\n", '{"schema_version": 2}', "[]"])
def test_a_damaged_lock_is_refused(tmp_path: Path, content: str):
    (tmp_path / "package.lock").write_text(content)
    with pytest.raises(UsageError) as caught:
        load_lock(tmp_path / "package.lock")
    assert caught.value.message.startswith("package.lock: not a lock of this version of `package`")
    assert "take it from version control" in caught.value.hint


@pytest.mark.parametrize(
    "change",
    [
        {"filename": "../../../.bashrc"},
        {"filename": "../a-1-py3-none-any.whl"},
        {"filename": "b-1-py3-none-any.whl"},
        {"sha256": "../../x"},
        {"name": "a==1\n--no-binary :all:\nevil"},
        {"version": "1\n-e ./evil"},
        {"version": "2"},
    ],
)
def test_a_lock_names_wheels_and_no_other_paths_or_lines(tmp_path: Path, change: dict[str, str]):
    wheel = WHEEL.model_copy(update={"sha256": "0" * 64, **change})
    write_lock(LOCK.model_copy(update={"wheels": (wheel,)}), tmp_path / "package.lock")
    with pytest.raises(UsageError) as caught:
        load_lock(tmp_path / "package.lock")
    assert "expected the file, version and sha256 of a wheel" in caught.value.message
    assert "delete the lock and build again" in caught.value.hint


def digest(path: Path, target: WheelTarget = TARGET) -> str:
    return inputs_digest(path, target)


def test_what_is_requested_decides_the_digest(tmp_path: Path):
    path = tmp_path / "requirements.txt"
    path.write_text("pandas\n")
    before = digest(path)
    assert before == digest(path)
    assert before != digest(path, target=WheelTarget("3.12", "linux/amd64", (2, 36)))
    assert before != digest(path, target=WheelTarget("3.11", "linux/arm64", (2, 36)))
    assert before != inputs_digest(path, TARGET, torch="cpu")
    path.write_text("pandas>=2\n")
    assert before != digest(path)


def test_the_place_of_the_project_does_not_matter(tmp_path: Path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "requirements.txt").write_text("-r more.txt\n")
        (tmp_path / name / "more.txt").write_text("pandas\n")
    assert digest(tmp_path / "one/requirements.txt") == digest(tmp_path / "two/requirements.txt")


@pytest.mark.parametrize(
    "line",
    [
        "-r deep/more.txt",
        "-rdeep/more.txt",
        "  -c deep/more.txt",
        "--requirement deep/more.txt",
        "--requirement=deep/more.txt",
        "--constraint deep/more.txt  # why",
    ],
)
def test_files_that_are_named_count_however_deep(tmp_path: Path, line: str):
    (tmp_path / "deep").mkdir()
    path, deepest = tmp_path / "requirements.txt", tmp_path / "deep" / "deepest.txt"
    path.write_text(f"pandas\n{line}\n")
    (tmp_path / "deep/more.txt").write_text("-c deepest.txt\n")
    deepest.write_text("numpy==2.0\n")
    before = digest(path)
    deepest.write_text("numpy==2.1\n")
    assert digest(path) != before


def test_files_that_name_each_other_are_read_once(tmp_path: Path):
    (tmp_path / "a.txt").write_text("-r b.txt\n")
    (tmp_path / "b.txt").write_text("-r a.txt\n-r b.txt\n")
    assert len(digest(tmp_path / "a.txt")) == 64


def test_a_requirement_whose_name_begins_like_an_option_is_none(tmp_path: Path):
    (tmp_path / "r.txt").write_text("requests\n# -r gone.txt\n--require-hashes\n")
    assert len(digest(tmp_path / "r.txt")) == 64


def test_a_named_file_that_is_not_there_is_reported(tmp_path: Path):
    (tmp_path / "requirements.txt").write_text("-r gone.txt\n")
    with pytest.raises(UsageError) as caught:
        digest(tmp_path / "requirements.txt")
    assert caught.value.message == "requirements.txt line 1: expected a file at gone.txt, got none"


def test_text_in_an_unknown_encoding_is_reported(tmp_path: Path):
    (tmp_path / "requirements.txt").write_bytes("pandas  # größe\n".encode("latin-1"))
    with pytest.raises(UsageError) as caught:
        digest(tmp_path / "requirements.txt")
    assert caught.value.message == (
        "requirements.txt: expected text in UTF-8, got invalid start byte at byte 12"
    )
    assert caught.value.hint == "save it as UTF-8"


OTHER = LOCK.model_copy(update={"platform": "linux/arm64", "inputs": "2" * 64, "bases": ()})


def test_a_lock_of_two_platforms_does_not_depend_on_the_machine(tmp_path: Path):
    wheel = WHEEL.model_copy(update={"sha256": "a" * 64})
    here = LOCK.model_copy(update={"wheels": (wheel,)})
    there = OTHER.model_copy(update={"wheels": (wheel,)})
    for name, lock in (("one", here.joined([there])), ("two", there.joined([here]))):
        write_lock(lock, tmp_path / name)
        found = load_lock(tmp_path / name)
        assert found == here.joined([there])
        assert found.of("linux/arm64") == there.joined([here])
        assert found.of("linux/riscv64") is None
        assert [one.platform for one in found.every()] == ["linux/amd64", "linux/arm64"]
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert f'"linux/arm64": {{\n  "inputs": "{"2" * 64}"' in (tmp_path / "one").read_text()


def test_locks_agree_if_packages_that_both_have_are_of_one_version():
    newer = WHEEL.model_copy(update={"version": "2"})
    more = WHEEL.model_copy(update={"name": "b", "version": "7"})
    assert LOCK.agrees(OTHER.model_copy(update={"wheels": (WHEEL, more)}))
    assert not LOCK.agrees(OTHER.model_copy(update={"wheels": (newer,)}))
