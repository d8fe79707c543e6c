from __future__ import annotations

from pathlib import Path

import pytest
from credential_samples import KEY, TOKEN, sorted_code
from host_samples import FILES, TOML, RecordedProgress, write_project

from packager.errors import UsageError
from packager.project.code_files import read_code
from packager.project.config import load_project


def code_of(folder: Path, changes=FILES, outputs=()) -> list[str]:
    return list(read_code(load_project(write_project(folder, changes)), outputs).files)


CODE = ["package.toml", "requirements.txt", "train.py"]


def test_code_is_every_file_but_the_data(tmp_path: Path):
    assert code_of(tmp_path, {"src/a/b.py": "", "notes.md": ""}) == [
        "notes.md",
        *CODE[:2],
        "src/a/b.py",
        "train.py",
    ]


def test_what_is_beside_the_data_goes_with_it(tmp_path: Path):
    assert code_of(tmp_path, {"data/more.csv": "a\n", "data/raw/x.csv": "a\n"}) == CODE


def test_data_at_the_top_of_the_project_takes_nothing_else_with_it(tmp_path: Path):
    toml = TOML.replace("data/visits.csv", "visits.csv")
    changes = {"package.toml": toml, "visits.csv": "a\n", "other.csv": "a\n"}
    assert code_of(tmp_path, changes) == ["data/visits.csv", "other.csv", *CODE]


def test_a_folder_of_data_is_left_out_whole(tmp_path: Path):
    changes = {
        "package.toml": TOML.replace("data/visits.csv", "tables/visits"),
        "tables/visits/a.csv": "a\n",
        "tables/readme.md": "",
    }
    assert code_of(tmp_path, changes) == [
        "data/visits.csv",
        *CODE[:2],
        "tables/readme.md",
        "train.py",
    ]


def test_the_split_file_is_no_code(tmp_path: Path):
    toml = TOML.replace("[recipe]", 'split = { file = "held/test.csv" }\n[recipe]')
    changes = {"package.toml": toml, "held/test.csv": "a\n", "held/x.py": ""}
    assert code_of(tmp_path, changes) == ["held/x.py", *CODE]


LEFT_OUT = [
    ".git/config",
    ".env",
    "src/.secret",
    "__pycache__/train.cpython-311.pyc",
    "src/__pycache__/a.pyc",
    "node_modules/x/index.js",
    "shop.egg-info/PKG-INFO",
    "venv/pyvenv.cfg",
    "image/oci-layout",
    "image/blobs/sha256/abc",
    "package.lock",
    "package.build.json",
    "replay.json",
]


def test_caches_environments_outputs_and_hidden_files_are_no_code(tmp_path: Path):
    assert code_of(tmp_path, dict.fromkeys(LEFT_OUT, "")) == CODE


def test_names_of_outputs_are_only_special_at_the_top(tmp_path: Path):
    assert code_of(tmp_path, {"web/package.lock": ""}) == [*CODE, "web/package.lock"]


def test_the_output_of_this_very_build_is_no_code(tmp_path: Path):
    changes = {"out/shop.tar": "", "out/notes": ""}
    found = code_of(tmp_path, changes, [tmp_path / "out" / "shop.tar"])
    assert found == ["out/notes", *CODE]


def test_dockerignore_is_obeyed_as_docker_does(tmp_path: Path):
    ignore = "# comment\n\n*.md\n!keep.md\n**/*.tmp\nbuild/\n"
    changes = dict.fromkeys(
        ["a.md", "keep.md", "x.tmp", "src/deep/y.tmp", "src/deep/z.py", "build/out.py"], ""
    )
    found = code_of(tmp_path, {**changes, ".dockerignore": ignore})
    assert found == ["keep.md", *CODE[:2], "src/deep/z.py", "train.py"]


def test_a_link_to_the_data_is_no_code(tmp_path: Path):
    project = write_project(tmp_path)
    (project / "copy.csv").symlink_to("data/visits.csv")
    (project / "gone").symlink_to("nowhere")
    assert code_of(project) == CODE


def test_a_link_to_a_folder_above_itself_is_refused(tmp_path: Path):
    project = write_project(tmp_path)
    (project / "loop").symlink_to(".")
    with pytest.raises(UsageError) as caught:
        code_of(project)
    assert caught.value.message == f"{project}/loop: a link to a folder above itself"
    assert caught.value.hint == "remove the link, or name it in .dockerignore"


def test_such_a_link_is_no_matter_where_dockerignore_names_it(tmp_path: Path):
    project = write_project(tmp_path, {".dockerignore": "loop\n"})
    (project / "loop").symlink_to(".")
    assert code_of(project) == CODE


def test_the_order_is_by_name_whatever_the_disk_says(tmp_path: Path):
    names = ["z.py", "a-b.py", "a/b.py", "a.py", "Z.py", "ä.py"]
    found = code_of(tmp_path, dict.fromkeys(names, ""))
    assert found == sorted([*names, *CODE])


def test_gitignore_counts_beside_dockerignore(tmp_path: Path):
    changes = dict.fromkeys(["a.log", "b.txt", "gen/x.py", "sub/c.log", "sub/d.txt"], "")
    ignore = {".gitignore": "*.log\ngen/\n", "sub/.gitignore": "!c.log\n", ".dockerignore": "b.txt"}
    found = sorted_code(tmp_path, {**changes, **ignore})
    assert [*found.files] == [
        "package.toml", "requirements.txt", "sub/c.log", "sub/d.txt", "train.py",
    ]  # fmt: skip
    assert found.left_out["a.log"] == ".gitignore has `*.log`"
    assert found.left_out["gen"] == ".gitignore has `gen/`"
    assert found.left_out["b.txt"] == ".dockerignore names it"


def test_credentials_are_left_out_with_a_word(tmp_path: Path):
    changes = {
        "id_rsa": "x",
        "service-account.json": "{}",
        "uv.toml": '[[index]]\nurl = "https://me:s3cr3t@host/simple"\n',
        "notes/deploy.txt": f"key {TOKEN}\n",
        "scripts/upload.py": f"KEY = '{TOKEN}'\n",
        "cacert.pem": KEY.replace("PRIVATE KEY", "CERTIFICATE"),
    }
    found = sorted_code(tmp_path, changes)
    assert [*found.files] == ["cacert.pem", "package.toml", "requirements.txt", "train.py"]
    heard = RecordedProgress()
    found.warn_omitted(heard)
    assert heard.warnings == [
        "id_rsa is omitted from the image: its name is that of a private key",
        "notes/deploy.txt is omitted from the image: line 1 holds an AWS access key",
        "scripts/upload.py is omitted from the image: line 1 holds an AWS access key",
        "service-account.json is omitted from the image: its name is that of credentials",
        "uv.toml is omitted from the image: line 2 holds a URL with a password",
    ]


def test_a_password_in_requirements_does_not_reach_the_image(tmp_path: Path):
    text = "--extra-index-url https://me:s3cr3t@host/simple\npandas\n"
    found = sorted_code(tmp_path, {"requirements.txt": text})
    assert found.secrets == ("requirements.txt",)
