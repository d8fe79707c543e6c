from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from command import NO_ENGINE, Package, package
from image_samples import make_images
from solution_projects import LENGTH, MOOD, claims, write_solution_projects

from packager.build.context import BuildOptions
from packager.build.pipeline import build
from packager.build.solution import _member
from packager.errors import PackageError
from packager.image.export import write_oci
from packager.image.reference import open_reference
from packager.progress import NullProgress
from packager.project.config import load_project
from packager.run.predict import all_answers


def test_a_solution_holds_its_members_as_they_are_alone(local_solution: Package) -> None:
    with open_reference(local_solution.reference, None) as reference:
        manifest, lock = reference.manifest, reference.lock()
    assert manifest.solution is not None
    assert manifest.serve.loader == "solution"
    length, mood = manifest.solution.members
    assert [(one.name, one.process, one.truth) for one in (length, mood)] == [
        ("length", "inline", "price"),
        ("mood", "own", "mood"),
    ]
    assert mood.deadline == 30
    files = {entry.path: entry.sha256 for entry in manifest.model}
    assert files["model/members/mood/package/manifest.json"] == mood.root
    assert "model/members/length/code/length_recipe.py" in files
    assert not any("__pycache__" in name for name in files)
    versions = {(w.name, w.version) for w in lock.wheels_of_member("mood")}
    assert {("numpy", "1.26.4"), ("pandas", "2.2.3")} <= versions
    assert list(lock.members) == ["mood"]


@pytest.fixture(scope="module")
def alone(local_solution: Package, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The members as packages of their own: name → OCI folder."""
    folder = tmp_path_factory.mktemp("members")
    for name in (LENGTH, MOOD):
        place = local_solution.project.parent / name
        done = package("build", place, "--output", f"oci:{folder / name}", env=NO_ENGINE)
        assert done.code == 0, done.err
    return {name: folder / name for name in (LENGTH, MOOD)}


def test_the_root_of_a_member_is_that_of_the_package_alone(
    local_solution: Package, alone: dict[str, Path]
) -> None:
    with open_reference(local_solution.reference, None) as reference:
        assert reference.manifest.solution is not None
        members = reference.manifest.solution.members
    for member in members:
        with open_reference(str(alone[member.name]), None) as found:
            assert found.manifest.root == member.root


def test_its_answers_are_those_of_the_members_composed_by_hand(
    local_solution: Package, tmp_path: Path
) -> None:
    rows = claims(40, 9)
    rows[["length", "text"]].to_csv(tmp_path / "rows.csv", index=False)
    with open_reference(local_solution.reference, None) as reference:
        found = all_answers(reference, tmp_path / "rows.csv", None, NullProgress())
        evaluation = reference.manifest.evaluation
    train = pd.read_parquet(local_solution.project.parent / LENGTH / "data" / "rows.parquet")
    assert train["id"].is_unique
    predicted = pd.Series([one["prediction"] for one in found])
    assert (predicted / rows["cost"] - 1).abs().median() < 0.15
    assert evaluation is not None
    assert evaluation.slices["mood=angry"].rows > 50


@pytest.fixture
def projects(tmp_path: Path) -> Path:
    return write_solution_projects(tmp_path)


def named(project: Path, **members: Path) -> None:
    """Have the solution take built members."""
    text = (project / "package.toml").read_text()
    for name, place in members.items():
        text = text.replace(f'"../{name}"', f'"{place}"')
    (project / "package.toml").write_text(text)


def built(project: Path) -> tuple[int, str]:
    done = package("build", project, "--output", f"oci:{project.parent / 'image'}", env=NO_ENGINE)
    assert not (project.parent / "image").exists() or done.code == 0
    return done.code, done.err


@pytest.mark.long
@pytest.mark.slow
def test_a_member_trained_on_held_out_rows_stops_the_build(
    projects: Path, alone: dict[str, Path]
) -> None:
    named(projects, mood=alone[MOOD])
    seen = pd.read_csv(projects / "data" / "rows.csv")[["id", "length", "price"]]
    seen.to_parquet(projects.parent / LENGTH / "data" / "rows.parquet", index=False)
    code, said = built(projects)
    assert code == 1
    assert "member 'length': expected held-out rows that it was not trained on, got" in said
    assert "by the key id" in said


@pytest.mark.long
@pytest.mark.slow
def test_the_first_mistake_between_flow_and_member_is_named(
    projects: Path, alone: dict[str, Path]
) -> None:
    named(projects, **alone)
    flow = (projects / "flow.py").read_text()
    dropped = 'rows.drop(columns="text")'  # which the check of the code does not follow
    (projects / "flow.py").write_text(flow.replace('rows[["text"]]', dropped))
    code, said = built(projects)
    assert code == 1
    expected = "member 'mood': column 'text': expected a column of that name, got the columns len"
    assert expected in said


def test_a_flow_that_names_another_member_stops_before_members_are_built(projects: Path) -> None:
    flow = (projects / "flow.py").read_text()
    (projects / "flow.py").write_text(flow.replace("members.length(", "members.lenght("))
    shutil.rmtree(projects.parent / LENGTH)
    code, said = built(projects)
    assert code == 2
    assert "flow.py:7: expected one of the members length, mood, got 'lenght'" in said
    assert "hint: did you mean 'length'?" in said


def test_a_column_that_a_member_needs_is_checked_before_the_evaluation(
    projects: Path, alone: dict[str, Path]
) -> None:
    named(projects, **alone)
    flow = (projects / "flow.py").read_text()
    (projects / "flow.py").write_text(flow.replace('rows[["text"]]', 'rows[["length"]]'))
    code, said = built(projects)
    assert code == 2
    assert "flow.py:6: member 'mood': expected the column 'text', got length" in said
    assert "making layers" not in said


def test_a_member_that_is_not_there(projects: Path) -> None:
    text = (projects / "package.toml").read_text()
    (projects / "package.toml").write_text(text.replace("../mood", "models/none:1"))
    shutil.rmtree(projects.parent / LENGTH)
    code, said = built(projects)
    assert code == 2
    assert "[[member]] length: ../length: expected an OCI folder or an archive, got neither" in said
    assert "building" not in said


def test_a_package_that_is_not_there_is_told_before_a_member_is_built(projects: Path) -> None:
    text = (projects / "package.toml").read_text()
    (projects / "package.toml").write_text(text.replace("../mood", "models/none:1"))
    code, said = built(projects)
    assert code == 1
    assert "[[member]] mood: models/none:1: no such folder or file, and no engine responds" in said
    assert "building" not in said


def test_the_policy_of_the_machine_is_for_members_that_were_built_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = load_project(write_solution_projects(tmp_path))
    write_oci(make_images(tmp_path / "layers"), tmp_path / "oci")
    section = project.member[0].model_copy(update={"package": str(tmp_path / "oci")})
    how = (None, NullProgress(), BuildOptions())
    with _member(project, section, None, build, how) as found:
        assert not found.pinned
    (tmp_path / "policy.toml").write_text('mode = "enforce"\n')
    monkeypatch.setenv("MODEL_PACKAGER_TRUST", str(tmp_path / "policy.toml"))
    refused = rf"\[\[member\]\] {section.name}: .*: no rule of the policy is for {tmp_path}/oci"
    with (
        pytest.raises(PackageError, match=refused),
        _member(project, section, None, build, how),
    ):
        pass


def test_a_solution_is_no_member(projects: Path) -> None:
    text = (projects / "package.toml").read_text()
    (projects / "package.toml").write_text(text.replace("../length", "."))
    code, said = built(projects)
    assert code == 2
    assert "[[member]] length: expected a project of one model, got the solution ." in said


def test_the_record_of_the_build_is_that_of_the_solution(local_solution: Package) -> None:
    record = json.loads((local_solution.project / "package.build.json").read_text())
    assert record["root"] == local_solution.built["root"]


@pytest.mark.long
@pytest.mark.slow
def test_a_second_build_gives_the_same_bytes(local_solution: Package, tmp_path: Path) -> None:
    output = ("--output", f"oci:{tmp_path / 'again'}", "--check-reproducible", "--json")
    done = package("build", local_solution.project, *output, env=NO_ENGINE)
    assert done.code == 0, done.err
    assert done.json["root"] == local_solution.built["root"]
    first = Path(local_solution.reference) / "index.json"
    assert (tmp_path / "again" / "index.json").read_bytes() == first.read_bytes()
