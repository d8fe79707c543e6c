"""Files that .gitignore excludes, as in git, and leftovers of tools."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from packager.project.ignore_rules import IgnoreRules, junk_file, junk_folder

LINES = """\
# comment
*.pem
!keep.pem
/top.txt
build/
logs/**/x.log
a/**/b
foo/*
!foo/kept
\\#hash
trailing.txt\x20\x20
[ab]c.dat
"""
NAMES = [
    "k.pem", "keep.pem", "d/keep.pem", "top.txt", "d/top.txt", "build/x", "d/build/y", "built/x",
    "logs/x.log", "logs/1/2/x.log", "a/b", "a/1/b", "foo/x", "foo/kept", "foo/deep/kept", "#hash",
    "trailing.txt", "ac.dat", "cc.dat", "sub/own.txt", "sub/deep/own.txt", "sub/k.pem", "own.txt",
]  # fmt: skip


def write(top: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(text)


def left_out(top: Path) -> set[str]:
    """Every file that is ignored itself, or lies in a folder that is."""
    ignored, found = IgnoreRules(top), set()
    for path in sorted(top.rglob("*")):
        if path.is_dir() or ".git" in path.relative_to(top).parts:
            continue
        folders = [place for place in path.parents if place.is_relative_to(top) and place != top]
        if ignored.why(path, folder=False) or any(ignored.why(f, folder=True) for f in folders):
            found.add(path.relative_to(top).as_posix())
    return found


def test_the_same_files_are_left_out_as_by_git(tmp_path):
    write(tmp_path, dict.fromkeys(NAMES, "x"))
    write(tmp_path, {".gitignore": LINES, "sub/.gitignore": "own.txt\n!k.pem\n"})
    ours = left_out(tmp_path)
    git = ["git", "-C", str(tmp_path), "-c", "core.excludesFile=/dev/null"]
    subprocess.run([*git, "init", "-q"], check=True)
    listed = [*git, "ls-files", "--others", "--ignored", "--exclude-standard", "-z"]
    done = subprocess.run(listed, capture_output=True, text=True, check=True)
    assert ours == {*done.stdout.strip("\0").split("\0")}
    assert left_out(tmp_path) == ours


def test_the_line_that_leaves_a_file_out_is_named(tmp_path):
    write(tmp_path, {".gitignore": "\n# keys\n*.pem\n", "k.pem": ""})
    assert IgnoreRules(tmp_path).why(tmp_path / "k.pem", folder=False) == ".gitignore has `*.pem`"


def test_what_is_above_counts_within_a_repository_and_not_beyond(tmp_path):
    project = tmp_path / "repo" / "model"
    write(tmp_path, {".gitignore": "*.py\n", "repo/.gitignore": "*.log\n", "repo/model/a.log": ""})
    write(project, {"train.py": ""})
    assert IgnoreRules(project).why(project / "a.log", folder=False) is None
    (tmp_path / "repo" / ".git").mkdir()
    assert IgnoreRules(project).why(project / "a.log", folder=False) == ".gitignore has `*.log`"
    assert IgnoreRules(project).why(project / "train.py", folder=False) is None


def test_a_repository_that_ignores_the_project_itself_has_no_say_in_it(tmp_path):
    write(tmp_path, {".gitignore": "*\n", "model/train.py": "", "model/.gitignore": "x.py\n"})
    (tmp_path / ".git").mkdir()
    ignored = IgnoreRules(tmp_path / "model")
    assert ignored.why(tmp_path / "model" / "train.py", folder=False) is None
    assert ignored.why(tmp_path / "model" / "x.py", folder=False) is not None


@pytest.mark.parametrize(
    ("files", "folder"),
    [
        ({"mlruns/0/meta.yaml": ""}, "mlruns"),
        ({"wandb/run/x.log": ""}, "wandb"),
        ({"lightning_logs/version_0/hparams.yaml": ""}, "lightning_logs"),
        ({".ipynb_checkpoints/a.ipynb": ""}, ".ipynb_checkpoints"),
        ({"env/pyvenv.cfg": ""}, "env"),
        ({"conda/conda-meta/history": ""}, "conda"),
        ({"node_modules/x.js": ""}, "node_modules"),
        ({"shop.egg-info/PKG-INFO": ""}, "shop.egg-info"),
        ({"build/lib/shop/a.py": ""}, "build"),
        ({"dist/shop-1.0.tar.gz": "", "dist/shop-1.0-py3-none-any.whl": ""}, "dist"),
    ],
)
def test_what_tools_leave_behind_is_junk(tmp_path, files, folder):
    write(tmp_path, files)
    assert junk_folder(tmp_path / folder) is not None


@pytest.mark.parametrize("files", [{"build/features.py": ""}, {"dist/normal.py": ""}])
def test_a_folder_of_code_is_not_whatever_its_name(tmp_path, files):
    write(tmp_path, files)
    assert junk_folder(tmp_path / next(iter(files)).partition("/")[0]) is None
    assert junk_file(tmp_path / next(iter(files))) is None


@pytest.mark.parametrize("name", ["Thumbs.db", "ehthumbs.db", "Desktop.ini", ".DS_Store", "a.pyc"])
def test_what_file_managers_and_editors_leave_is_junk(tmp_path, name):
    write(tmp_path, {name: ""})
    assert junk_file(tmp_path / name) is not None
