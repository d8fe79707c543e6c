from __future__ import annotations

import re
from pathlib import Path

import pytest
from host_samples import FILES, TOML, write_project

from packager.errors import PackageError, UsageError
from packager.progress import Silent
from packager.project.code_files import read_code
from packager.project.config import load_project
from packager.project.required_secrets import explain_left_out


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


class RecordedProgress(Silent):
    """Keeps the warnings."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warn(self, text: str) -> None:
        self.warnings.append(text)


KEY = "-----BEGIN PRIVATE KEY-----\n" + "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj" * 2 + "\n"
TOKEN = "AKIA" + "Q3EGZ7XN2WBLT5KD"
HELD = f'TEXT = """\n{KEY}"""\nTOKEN = "{TOKEN}"\n'
NONE = "train raised FileNotFoundError: [Errno 2] No such file or directory:"
NO_MODULE = "importing train raised ModuleNotFoundError: No module named"


def sorted_code(folder: Path, changes):
    return read_code(load_project(write_project(folder, changes)))


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
    found.tell(heard)
    assert heard.warnings == [
        "id_rsa stays out of the image: its name is that of a private key",
        "notes/deploy.txt stays out of the image: line 1 holds an AWS access key",
        "scripts/upload.py stays out of the image: line 1 holds an AWS access key",
        "service-account.json stays out of the image: its name is that of credentials",
        "uv.toml stays out of the image: line 2 holds a URL with a password",
    ]


def test_a_password_in_requirements_does_not_reach_the_image(tmp_path: Path):
    text = "--extra-index-url https://me:s3cr3t@host/simple\npandas\n"
    found = sorted_code(tmp_path, {"requirements.txt": text})
    assert found.secrets == ("requirements.txt",)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"train.py": HELD}, "train.py"),
        ({"train.py": "import own.client\n", "own/client.py": HELD}, "own/client.py"),
        ({"train.py": "from own import x\n", "own/__init__.py": HELD}, "own/__init__.py"),
        (
            {"train.py": "from src import a\n", "src/a.py": "from . import b\n", "src/b.py": HELD},
            "src/b.py",
        ),
        ({"package.toml": f"{TOML}params = {{ k = '{TOKEN}' }}\n"}, "package.toml"),
    ],
)
def test_a_credential_in_a_file_that_the_package_needs_stops_the_build(tmp_path, changes, name):
    with pytest.raises(UsageError, match="the package needs this file") as caught:
        sorted_code(tmp_path, changes)
    assert caught.value.message.startswith(f"{name}: line ")
    assert "[image] include" in caught.value.hint


def test_a_credential_that_the_code_reads_stops_the_build(tmp_path: Path):
    changes = {"train.py": "open('conf/api.key').read()\n", "conf/api.key": "x"}
    with pytest.raises(UsageError, match=r"conf/api\.key: its name .* and train\.py reads it"):
        sorted_code(tmp_path, changes)


def test_what_include_names_is_in_whatever_would_leave_it_out(tmp_path: Path):
    toml = FILES["package.toml"] + '[image]\ninclude = ["tests/dummy.pem", "gen", "*.conf"]\n'
    changes = {
        "package.toml": toml,
        "tests/dummy.pem": KEY,
        "gen/a/b.py": "",
        "own.conf": "https://me:s3cr3t@host/simple",
        "other.log": "",
        ".gitignore": "gen\n*.log\n*.conf\n",
    }
    found = sorted_code(tmp_path, changes)
    assert [*found.files] == [
        "gen/a/b.py", "own.conf", "package.toml", "requirements.txt", "tests/dummy.pem", "train.py",
    ]  # fmt: skip
    assert found.secrets == ()
    assert "gen" not in found.left_out or found.left_out["gen"].startswith(".gitignore")


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("nothing/*.py", "expected files at 'nothing/*.py', got none"),
        ("../up.py", "expected a path within the project, got '../up.py'"),
        ("/etc/passwd", "expected a path within the project, got '/etc/passwd'"),
    ],
)
def test_include_has_to_name_something_within_the_project(tmp_path: Path, pattern, message):
    toml = FILES["package.toml"] + f'[image]\ninclude = ["{pattern}"]\n'
    with pytest.raises(UsageError, match=re.escape(message)):
        sorted_code(tmp_path, {"package.toml": toml})


@pytest.mark.parametrize(
    ("message", "name"),
    [
        (f"{NONE} 'c/own.yaml'", "c/own.yaml"),
        (f"{NONE} '/code/c/own.yaml'", "c/own.yaml"),
        (f"{NO_MODULE} 'gen'", "gen"),
        (f"{NO_MODULE} 'gen.schema'", "gen"),
        (f"{NO_MODULE} 'pkg._version'", "src/pkg/_version.py"),
        ("No such file or directory: 'gen/x.json'", "gen"),
    ],
)
def test_an_error_about_what_was_left_out_says_so(message, name):
    left_out = {
        "c/own.yaml": ".gitignore has `*.yaml`",
        "gen": ".gitignore has `gen/`",
        "src/pkg/_version.py": ".gitignore has `_version.py`",
    }
    with pytest.raises(PackageError) as caught, explain_left_out(left_out):
        raise PackageError(message, "the old hint")
    assert caught.value.message == message
    assert caught.value.hint.startswith(f"{name} is in the project and not in the image: ")
    assert "[image] include" in caught.value.hint


@pytest.mark.parametrize(
    "message",
    [
        "No such file or directory: 'another.yaml'",
        "own.yaml: line 3 is odd",
        "/usr/gen/x: not found",
    ],
)
def test_other_errors_keep_their_hint(message):
    with pytest.raises(PackageError) as caught, explain_left_out({"c/own.yaml": "x", "gen": "y"}):
        raise PackageError(message, "the old hint")
    assert caught.value.hint == "the old hint"
