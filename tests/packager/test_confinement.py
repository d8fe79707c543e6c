"""Links, pipes, names and sizes with which a project could attack the machine that builds it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from host_samples import FILES, TOML, RecordedProgress, write_project

from packager.confinement import warn_outside
from packager.errors import UsageError
from packager.project import code_files
from packager.project.code_files import read_code
from packager.project.config import load_project
from packager.project.files import list_files

pytestmark = pytest.mark.slow

CODE = ["package.toml", "requirements.txt", "train.py"]


def code_in(project: Path) -> list[str]:
    return list(read_code(load_project(project)).files)


def test_links_within_the_project_are_followed(tmp_path: Path):
    project = write_project(tmp_path)
    (project / "shared").mkdir()
    (project / "shared" / "help.py").write_text("x = 1\n")
    (project / "linked").symlink_to("shared")
    (project / "one.py").symlink_to(project / "linked" / "help.py")  # absolute, and a chain
    assert code_in(project) == sorted(["linked/help.py", "one.py", "shared/help.py", *CODE])


def linked(project: Path, name: str, target: Path | str) -> Path:
    place = project / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    place.symlink_to(target)
    return place


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("notes.txt", "{outside}/one"),
        ("docs", "{outside}"),
        ("a/b/deep.py", "../../../outside/one"),
        ("gone", "{outside}/nothing"),
        ("package.toml", "{outside}/package.toml"),
        ("requirements.txt", "{outside}/one"),
        (".dockerignore", "{outside}/one"),
        ("data/visits.csv", "{outside}/rows.csv"),
    ],
)
def test_a_link_that_leaves_the_project_stops_the_build(tmp_path: Path, name: str, target: str):
    project, outside = write_project(tmp_path / "p"), tmp_path / "outside"
    outside.mkdir()
    (outside / "one").write_text("topsecret-2718\n")
    (outside / "rows.csv").write_text((project / "data/visits.csv").read_text())
    (outside / "package.toml").write_text((project / "package.toml").read_text())
    linked(project, name, target.format(outside=outside))
    with pytest.raises(UsageError) as caught:
        code_in(project)
    assert caught.value.message.startswith(f"{name}: a link that leaves the project, to {outside}")
    assert "topsecret" not in caught.value.message


def test_a_chain_of_links_is_followed_to_its_end(tmp_path: Path):
    project = write_project(tmp_path / "p")
    (tmp_path / "one").write_text("topsecret-2718\n")
    linked(project, ".hidden", tmp_path / "one")
    linked(project, "first.txt", "second.txt")
    linked(project, "second.txt", ".hidden")
    with pytest.raises(UsageError, match=r"first\.txt: a link that leaves the project"):
        code_in(project)


def test_files_of_a_folder_of_data_are_no_links_out(tmp_path: Path):
    toml = TOML.replace('source = "data/visits.csv"', 'source = "data"')
    project = write_project(tmp_path / "p", {**FILES, "package.toml": toml})
    (tmp_path / "rows.csv").write_text((project / "data/visits.csv").read_text())
    linked(project, "data/more.csv", tmp_path / "rows.csv")
    with pytest.raises(UsageError, match=r"data/more\.csv: a link that leaves the project"):
        list_files(load_project(project))


def test_data_elsewhere_is_named_by_its_own_path_and_reported(tmp_path: Path):
    project = write_project(tmp_path / "p")
    shutil.move(project / "data", tmp_path / "data")
    toml = (project / "package.toml").read_text()
    (project / "package.toml").write_text(toml.replace('"data/', '"../data/'))
    found, heard = load_project(project), RecordedProgress()
    warn_outside(found.directory, found.path_keys, heard)
    place = tmp_path / "data/visits.csv"
    assert heard.warnings == [f"package.toml: `data.source` reads {place}, outside of the project"]
    assert list_files(found).data == {"source/visits.csv": place}


def test_a_link_that_git_ignores_is_no_matter(tmp_path: Path):
    project = write_project(tmp_path / "p")
    (project / ".gitignore").write_text("elsewhere\n")
    linked(project, "elsewhere", tmp_path)
    assert code_in(project) == CODE


def test_pipes_and_sockets_are_left_out_and_never_opened(tmp_path: Path):
    project = write_project(tmp_path)
    os.mkfifo(project / "pipe.py")
    (project / "gone.py").symlink_to("nothing.py")
    found = read_code(load_project(project))
    assert found.left_out["pipe.py"] == "it is no regular file"
    assert found.left_out["gone.py"] == "it is a dangling link"


def test_data_that_is_a_pipe_is_refused(tmp_path: Path):
    project = write_project(tmp_path)
    (project / "data/visits.csv").unlink()
    os.mkfifo(project / "data/visits.csv")
    with pytest.raises(UsageError, match=r"`data\.source`: expected a file or folder, got a pipe"):
        load_project(project)


def test_links_that_multiply_are_bounded(tmp_path: Path, monkeypatch):
    project = write_project(tmp_path)
    for level in range(12):
        (project / f"l{level}").mkdir()
        for name in ("a", "b"):
            (project / f"l{level}" / name).symlink_to(f"../l{level + 1}")
    (project / "l12").mkdir()
    (project / "l12" / "x.py").write_text("")
    monkeypatch.setattr(code_files, "MAX_FILES", 1000)
    with pytest.raises(UsageError, match="expected at most 1,000 files of code, got more"):
        code_in(project)


@pytest.mark.parametrize("ignore", [True, False])
def test_folders_are_bounded_in_depth(tmp_path: Path, ignore: bool):
    project = write_project(tmp_path)
    (project / "/".join(["d"] * 120)).mkdir(parents=True)
    if ignore:
        (project / ".dockerignore").write_text("x\n")
    with pytest.raises(UsageError, match="expected folders at most 100 deep"):
        code_in(project)


def test_a_file_name_that_is_no_text_is_refused(tmp_path: Path):
    project = write_project(tmp_path)
    (Path(os.fsdecode(os.fsencode(project) + b"/caf\xe9.py"))).write_text("")
    with pytest.raises(UsageError, match="expected a file name in UTF-8"):
        code_in(project)


@pytest.mark.parametrize("name", [".gitignore", ".dockerignore"])
@pytest.mark.parametrize("pattern", ["*a*a*a*a*b", "a/" + "**/a/" * 5 + "b", "*" * 50])
def test_a_pattern_that_takes_for_ever_is_refused(tmp_path: Path, name: str, pattern: str):
    project = write_project(tmp_path)
    (project / name).write_text(f"ok\n{pattern}\n")
    (project / ("a" * 200)).write_text("")
    with pytest.raises(UsageError) as caught:
        code_in(project)
    assert caught.value.message.startswith(f"{name} line 2: expected at most 3 wildcards")


def test_a_file_of_holes_is_refused(tmp_path: Path):
    project = write_project(tmp_path)
    with (project / "weights.bin").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(UsageError, match=r"weights\.bin: expected a file with content"):
        code_in(project)


@pytest.mark.parametrize("text", ["x = " + "[" * 5000, "x = " + "9" * 5000, "#" * 2_000_000])
def test_a_package_toml_that_is_a_bomb_is_refused(tmp_path: Path, text: str):
    with pytest.raises(UsageError, match=r"package\.toml: (not valid TOML|expected at most)"):
        load_project(write_project(tmp_path, {**FILES, "package.toml": text}))


def test_many_files_are_sorted_once_each(tmp_path: Path):
    project = write_project(tmp_path)
    for folder in range(20):
        (project / f"m{folder}").mkdir()
        for number in range(100):
            (project / f"m{folder}" / f"{number}.py").touch()
    assert len(code_in(project)) == 2000 + len(CODE)
