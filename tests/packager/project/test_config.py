from __future__ import annotations

from pathlib import Path

import pytest
from host_samples import TOML, write_project

from packager.errors import UsageError
from packager.project.config import for_platforms, load_project
from packager.runners.job import make_job

FULL = """\
[package]
name = "diamonds-cut"
version = "1.0.0"
task = "classification"

[data]
source = "data/visits.csv"
target = "returned"
exclude = ["channel"]
split = { time = "date", from = "2025-01-01" }
embed = "none"

[recipe]
train = "train:train"
seed = 7
level = "metrics"
accept = { accuracy = 0.005 }
[recipe.params]
max_iter = 200

[requirements]
file = "requirements.txt"

[serve]
predictor = "train:Predictor"
compile = "off"
workers = 4
strict = true

[slices]
columns = ["channel"]
[slices.rules]
large = "basket >= 1.5"

[monitoring]
exclude = ["promotion"]
include = ["season"]

[image]
base = "python:3.12-slim-bookworm"
repository = "registry.example:5000/models/diamonds-cut"
platforms = ["linux/amd64"]
"""


def refused(folder: Path, changes) -> UsageError:
    with pytest.raises(UsageError) as caught:
        load_project(write_project(folder, changes))
    return caught.value


def test_the_least_that_is_needed_gets_the_documented_defaults(tmp_path: Path):
    project = load_project(write_project(tmp_path))
    assert project.directory == tmp_path
    assert project.repository == "shop"
    assert project.data.split.test == 0.2
    assert project.data.embed == "companion"
    assert (project.recipe.seed, project.recipe.level) == (0, None)
    assert (project.serve.predictor, project.serve.workers) == ("auto", 2)
    assert project.image.base == "python:3.11-slim-bookworm"
    assert project.model is None


def test_every_documented_key_is_read(tmp_path: Path):
    project = load_project(write_project(tmp_path, {"package.toml": FULL}))
    assert project.repository == "registry.example:5000/models/diamonds-cut"
    assert project.data.split.start == "2025-01-01"
    assert project.recipe.params == {"max_iter": 200}
    assert project.recipe.accept == {"accuracy": 0.005}
    assert project.slices.rules == {"large": "basket >= 1.5"}
    assert project.serve.compile == "off"
    job = make_job(project)
    assert (job.monitoring_exclude, job.monitoring_include) == (("promotion",), ("season",))


def test_a_path_is_relative_to_the_project(tmp_path: Path, monkeypatch):
    write_project(tmp_path / "p")
    monkeypatch.chdir(tmp_path)
    assert load_project(Path("p")).path("data") == tmp_path / "p" / "data"


def test_a_missing_project_is_named_with_what_makes_one(tmp_path: Path):
    with pytest.raises(UsageError) as caught:
        load_project(tmp_path / "gone")
    assert caught.value.message == f"{tmp_path}/gone/package.toml: no such file"
    assert f"package init {tmp_path}/gone" in caught.value.hint


def test_what_is_no_toml_is_refused(tmp_path: Path):
    error = refused(tmp_path, {"package.toml": "[package\n"})
    assert error.message.startswith("package.toml: not valid TOML: ")


def edit(old: str, new: str) -> dict[str, str]:
    assert old in TOML
    return {"package.toml": TOML.replace(old, new)}


def more(text: str) -> dict[str, str]:
    return {"package.toml": TOML + text}


MISTAKES = {
    "a misspelt key": (
        edit("target =", "targt = 'x'\ntarget ="),
        "package.toml: unknown key `data.targt`",
        "did you mean `target`?",
    ),
    "a misspelt section": (
        more("[slice]\ncolumns = []\n"),
        "package.toml: unknown key `slice`",
        "did you mean `slices`?",
    ),
    "a feature to compare and not to": (
        more('[monitoring]\nexclude = ["a", "b"]\ninclude = ["b"]\n'),
        "package.toml: [monitoring]: expected 'b' in exclude or in include, got it in both",
        "see docs/package-toml.md for all keys",
    ),
    "a key like no other": (
        more("[serve]\nqqq = 1\n"),
        "package.toml: unknown key `serve.qqq`",
        "known keys here: classes, compile, extra_columns, grpc, network, pickle_allow, "
        "predictor, processes, strict, workers",
    ),
    "our own field": (
        {"package.toml": "directory = '/'\n" + TOML},
        "package.toml: unknown key `directory`",
        "leave it out",
    ),
    "half of a split by time": (
        edit('target = "returned"', 'target = "returned"\nsplit = { time = "d" }'),
        "package.toml: `data.split`: expected `time` and `from` together, got only one",
        "2025-01-01",
    ),
    "an absent key": (
        edit('version = "1.0.0"\n', ""),
        "package.toml: expected key `package.version`, got none",
        "add `package.version`",
    ),
    "a wrong choice": (
        edit('"classification"', '"clustering"'),
        "package.toml: `package.task`: expected 'classification' or 'regression', got 'clustering'",
        "docs/package-toml.md",
    ),
    "a wrong type": (
        more("[serve]\nworkers = 'two'\n"),
        "package.toml: `serve.workers`: expected a valid integer, unable to parse string as an "
        "integer, got 'two'",
        "docs/package-toml.md",
    ),
    "a number out of bounds": (
        more("[serve]\nworkers = 0\n"),
        "package.toml: `serve.workers`: expected greater than or equal to 1, got 0",
        "docs/package-toml.md",
    ),
    "a section that is a value": (
        {"package.toml": "serve = 3\n" + TOML},
        "package.toml: `serve`: expected a valid dictionary or instance of ServeSection, got 3",
        "docs/package-toml.md",
    ),
    "a name no engine takes": (
        edit('"shop"', '"My Shop"'),
        "package.toml: `package.name`: expected lower-case letters and digits",
        "docs/package-toml.md",
    ),
    "no way to a model": (
        edit('[recipe]\ntrain = "train:train"\n', ""),
        "package.toml: expected one of [recipe], [model] and [[member]], got none",
        "docs/package-toml.md",
    ),
    "two ways to a model": (
        more("[model]\npath = 'train.py'\n"),
        "package.toml: expected one of [recipe], [model] and [[member]], got [recipe] and [model]",
        "docs/package-toml.md",
    ),
    "an output with the name of what every answer holds": (
        {
            "package.toml": TOML.replace('task = "classification"\n', "").replace(
                'target = "returned"\n', ""
            )
            + '[outputs.token]\nkind = "number"\n'
        },
        "package.toml: `outputs.token`: expected another name: every answer has token",
        "docs/package-toml.md",
    ),
    "a recipe without data": (
        edit('[data]\nsource = "data/visits.csv"\ntarget = "returned"\n', ""),
        "package.toml: expected [data] with [recipe], got none",
        "docs/package-toml.md",
    ),
    "two ways to split": (
        edit(
            'target = "returned"',
            'target = "returned"\nsplit = { by = ["channel"], file = "test.csv" }',
        ),
        "package.toml: `data.split`: expected one way to split, got by and file",
        "keep one of by, time and file",
    ),
    "a share that is none": (
        edit('target = "returned"', 'target = "returned"\nsplit = { test = 1.0 }'),
        "package.toml: `data.split.test`: expected a share between 0 and 1, got 1.0",
        "0.2 holds out a fifth",
    ),
    "data that is not there": (
        edit("data/visits.csv", "data/gone.csv"),
        "package.toml: `data.source`: expected a file or folder at data/gone.csv, which "
        "does not exist",
        "the path is relative to ",
    ),
    "requirements that are not there": (
        {"requirements.txt": None},
        "package.toml: `requirements.file`: expected a file or folder at requirements.txt, which "
        "does not exist",
        "` writes it from what the code there imports",
    ),
    "requirements that are a folder": (
        more("[requirements]\nfile = 'data'\n"),
        "package.toml: `requirements.file`: expected a file, got the folder data",
        "as pip reads it",
    ),
    "held-out rows that are not there": (
        edit('target = "returned"', 'target = "returned"\nsplit = { file = "test.csv" }'),
        "package.toml: `data.split.file`: expected a file or folder at test.csv,"
        " which does not exist",
        "the path is relative to ",
    ),
    "an entrypoint in no module": (
        edit("train:train", "learn.deep:train"),
        "package.toml: `recipe.train`: expected module `learn.deep` in the project, got none",
        "write learn/deep.py in the project's folder or in its src/",
    ),
    "a predictor in no module": (
        more("[serve]\npredictor = 'predict:Predictor'\n"),
        "package.toml: `serve.predictor`: expected module `predict` in the project, got none",
        "write predict.py",
    ),
    "an entrypoint that is none": (
        edit("train:train", "train.py"),
        "package.toml: `recipe.train`: expected module:function",
        "docs/package-toml.md",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_with_what_was_expected(tmp_path: Path, mistake: str):
    changes, message, hint = MISTAKES[mistake]
    error = refused(tmp_path, changes)
    assert error.message.startswith(message)
    assert hint in error.hint
    assert error.exit_code == 2


def test_a_platform_is_named_once(tmp_path: Path):
    both = "linux/amd64", "linux/arm64"
    changes = more("[image]\nplatforms = ['linux/amd64', 'linux/arm64']\n")
    assert load_project(write_project(tmp_path / "both", changes)).image.platforms == both
    error = refused(tmp_path, more("[image]\nplatforms = ['linux/arm64', 'linux/arm64']\n"))
    assert error.message == (
        "package.toml: `image.platforms`: expected each platform once, got linux/arm64, linux/arm64"
    )


def test_platforms_of_the_command_line_replace_those_of_the_project(tmp_path: Path):
    project = load_project(write_project(tmp_path))
    found = for_platforms(project, "linux/arm64, linux/amd64")
    assert found.image.platforms == ("linux/arm64", "linux/amd64")
    with pytest.raises(UsageError, match="--platform: expected linux/amd64 or linux/arm64"):
        for_platforms(project, "linux/amd64,windows")


def test_a_delta_table_in_a_folder_is_distinguished_from_plain_files(tmp_path: Path):
    changes = {**edit("data/visits.csv", "table@3"), "table/_delta_log/0.json": "{}"}
    table = load_project(write_project(tmp_path, changes)).table
    assert table is not None
    assert (table.uri, table.version) == (str((tmp_path / "table").resolve()), 3)


def test_a_table_that_is_not_there_is_refused(tmp_path: Path):
    error = refused(tmp_path, edit("data/visits.csv", "delta:visits@3"))
    assert "expected a table with versions at" in error.message
    assert "package data add" in error.hint


@pytest.mark.parametrize("file", ["modelhost.py", "modelhost/__init__.py", "src/modelhost.py"])
def test_a_module_that_would_hide_ours_is_refused(tmp_path: Path, file: str):
    error = refused(tmp_path, {file: ""})
    name = file.removeprefix("src/").partition("/")[0].removesuffix(".py")
    assert error.message.startswith(f"module `{name}` in {tmp_path}")
    assert "rename it" in error.hint


@pytest.mark.parametrize("file", ["serving.py", "packager/__init__.py", "src/monitoring.py"])
def test_a_module_may_be_called_as_one_of_ours(tmp_path: Path, file: str):
    assert load_project(write_project(tmp_path, {file: ""})).package.name


@pytest.mark.parametrize("file", ["src/learn.py", "learn/__init__.py", "learn.py"])
def test_a_module_may_lie_in_the_project_or_in_its_src(tmp_path: Path, file: str):
    project = load_project(
        write_project(tmp_path, {**edit("train:train", "learn:train"), file: ""})
    )
    assert project.recipe.train == "learn:train"


def test_a_compiled_form_can_be_required(tmp_path: Path):
    project = load_project(write_project(tmp_path, more("[serve]\ncompile = 'require'\n")))
    assert project.serve.compile == "require"
    assert make_job(project).serve.compile == "require"


@pytest.mark.parametrize("text", [".".join(["a"] * 300_000) + " = 1", "[" + "a." * 2_000 + "a]"])
def test_a_key_of_very_many_parts_is_refused_before_it_is_read(tmp_path: Path, text: str) -> None:
    (tmp_path / "package.toml").write_text(f"\n{text}\n")
    with pytest.raises(UsageError, match=r"package\.toml line 2: expected at most 1,000 dots"):
        load_project(tmp_path)


def test_rows_that_belong_together_are_on_one_side_of_a_split_by_hash(tmp_path: Path):
    def by(name: str, text: str) -> tuple[str, ...]:
        folder = tmp_path / name
        folder.mkdir()
        project = load_project(write_project(folder, more(text)))
        assert project.data is not None
        return project.data.split.by

    groups = '\n[test]\ngroups = ["customer"]\n'
    assert by("default", groups) == ("customer",)
    assert by("declared", f'\n[data.split]\nby = ["shop"]\n{groups}') == ("shop",)
    assert by("time", f'\n[data.split]\ntime = "day"\nfrom = "2025-01-01"\n{groups}') == ()
    assert by("none", "") == ()
