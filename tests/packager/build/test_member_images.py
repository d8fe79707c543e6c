from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from command import NO_ENGINE, Package, package
from solution_projects import LENGTH, write_solution_projects

from packager.build.member_images import check_several, write_several
from packager.build.record import BuildResult
from packager.errors import UsageError
from packager.image.export import Destination
from packager.image.reference import open_reference
from packager.progress import NullProgress
from packager.project.config import Project, load_project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    folder = write_solution_projects(tmp_path / "projects")
    with (folder / "package.toml").open("a") as file:
        file.write("[serve]\nnetwork = true\n")
    return load_project(folder)


def test_images_of_members_and_the_file_that_starts_them(
    project: Project, tmp_path: Path, local_package: Package
) -> None:
    output = Destination("oci", tmp_path / "claims")
    check_several(project, output)
    with open_reference(local_package.reference, None) as reference:
        built = BuildResult(reference.manifest, (reference.image(),), {}, None)
        members = [(name, reference) for name in ("length", "mood")]
        write_several(project, built, members, (output, None, NullProgress()))
        for name in ("length", "mood"):
            with open_reference(str(tmp_path / "claims.members" / name), None) as found:
                assert found.manifest.root == reference.manifest.root
                assert found.config_digest == reference.config_digest
        tag = reference.manifest.tag
    document = yaml.safe_load((tmp_path / "claims.compose.yml").read_text())
    assert document["services"]["member-mood"]["image"].endswith(f":{tag}")
    assert [*document["services"]][1:3] == ["member-length", "member-mood"]
    check_several(project, output)  # what it wrote itself is replaced


def test_a_file_of_someone_else_is_kept(project: Project, tmp_path: Path) -> None:
    output = Destination("oci", tmp_path / "claims")
    (tmp_path / "claims.compose.yml").write_text("services: {}\n")
    with pytest.raises(UsageError, match=r"compose.yml: expected no file there, or one that"):
        check_several(project, output)
    (tmp_path / "claims.compose.yml").unlink()
    (tmp_path / "claims.members" / "mood").mkdir(parents=True)
    with pytest.raises(UsageError, match="mood: expected nothing or an OCI folder there"):
        check_several(project, output)


def test_an_archive_holds_one_image(project: Project, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected --output docker or oci:DIR, got docker-archive"):
        check_several(project, Destination("docker-archive", tmp_path / "claims.tar"))


def test_a_mistake_stops_the_command_before_anything_is_built(tmp_path: Path) -> None:
    solution = write_solution_projects(tmp_path)
    told = {
        solution: "expected a solution whose flow may use the network, to ask its members, got one",
        tmp_path / LENGTH: "expected a solution, got length, which has no [[member]]",
    }
    for folder, said in told.items():
        output = f"oci:{tmp_path / 'image'}"
        done = package("build", folder, "--images", "several", "--output", output, env=NO_ENGINE)
        assert done.code == 2
        assert f"--images several: {said}" in done.err
        assert not (tmp_path / "image").exists()
