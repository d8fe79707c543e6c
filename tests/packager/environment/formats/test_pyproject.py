"""``pyproject.toml``: which of its dependencies are taken, and where from."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.requirements import Requirement
from requirement_formats import LOCKS, locked, wanted

from packager.environment.formats import pyproject
from packager.errors import UsageError


def of(text: str, wish=None, folder: Path = Path()) -> list[str]:
    return pyproject.lines(tomllib.loads(text), wish or wanted(), folder)


def refused(text: str, wish=None, folder: Path = Path()) -> UsageError:
    with pytest.raises(UsageError) as caught:
        of(text, wish, folder)
    return caught.value


def test_dependencies_extras_and_groups_are_read():
    content = locked("uv/pyproject.toml")
    own = ["pandas<2.3,>=2.2", "scikit-learn>=1.5", 'tqdm; sys_platform == "win32"']
    assert pyproject.lines(content, wanted(), LOCKS) == own
    more = ["orjson", "joblib", "lightgbm>=4", "cloudpickle"]
    assert pyproject.lines(content, wanted("serve", groups=("ml",)), LOCKS) == [*own, *more]


def test_extras_may_name_each_other_in_a_circle():
    text = (
        '[project]\nname = "my_own"\ndependencies = []\n[project.optional-dependencies]\n'
        'a = ["x", "my-own[b]"]\nb = ["y", "My.Own[A]"]\n'
    )
    assert of(text, wanted("A")) == ["x", "y"]


@settings(max_examples=30)
@given(st.lists(st.sampled_from("abcdefgh"), unique=True), st.lists(st.sampled_from("stuv")))
def test_the_same_names_come_out_whatever_the_order(names: list[str], extras: list[str]):
    content = {
        "project": {
            "name": "own",
            "dependencies": names,
            "optional-dependencies": {one: [f"{one}{one}"] for one in "stuv"},
        }
    }
    found = pyproject.lines(content, wanted(*extras), Path())
    assert set(found) == {*names, *(one * 2 for one in extras)}
    assert len(found) == len(set(found))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('{ git = "https://h/r", rev = "abc" }', ["a[x] @ git+https://h/r@abc"]),
        ('{ git = "https://h/r", tag = "v1", subdirectory = "s" }',
         ["a[x] @ git+https://h/r@v1#subdirectory=s"]),
        ('{ url = "https://h/a-1-py3-none-any.whl" }', ["a[x] @ https://h/a-1-py3-none-any.whl"]),
        ('{ path = "libs/a", editable = true }', ["./libs/a[x]"]),
        ('{ path = "../a" }', ["../a[x]"]),
        ('{ index = "own" }', ["a[x]>=1"]),
        ('[{ index = "cpu", marker = "sys_platform == \'linux\'" }, { index = "b" }]', ["a[x]>=1"]),
        ('[{ path = "p", marker = "os_name == \'nt\'" }, { git = "https://h/r" }]',
         ['./p[x] ; os_name == "nt"', "a[x] @ git+https://h/r"]),
    ],
)  # fmt: skip
def test_each_source_of_uv_is_written_as_pip_reads_it(source: str, expected: list[str]):
    text = f'[project]\ndependencies = ["a[x]>=1"]\n[tool.uv.sources]\nA = {source}\n'
    assert of(text) == expected


def test_a_member_of_the_workspace_is_found_by_its_name(tmp_path: Path):
    text = (
        '[project]\ndependencies = ["my-lib"]\n[tool.uv.sources]\n'
        'my-lib = { workspace = true }\n[tool.uv.workspace]\nmembers = ["libs/*"]\n'
    )
    (tmp_path / "pyproject.toml").write_text(text)
    (tmp_path / "libs" / "one").mkdir(parents=True)
    assert "expected a member of the workspace" in refused(text, None, tmp_path).message
    (tmp_path / "libs" / "one" / "pyproject.toml").write_text('[project]\nname = "My_Lib"\n')
    assert of(text, None, tmp_path) == ["./libs/one"]


def test_groups_alone_are_enough():
    text = '[dependency-groups]\nml = ["a", { include-group = "base" }]\nbase = ["b"]\n'
    assert of(text) == []
    assert of(text, wanted(groups=("ML",))) == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ('[project]\ndependencies = "a"', "dependencies`: expected a list, got 'a'", "fix"),
        ("[project]\ndependencies = [3]", "`project.dependencies`: expected a text, got 3", "fix"),
        ('[project]\ndependencies = ["a b"]', "expected a requirement, got 'a b'", "NAME>=VERSION"),
        ('[project]\ndependencies = ["a @ https://u:pw@h/a b"]', "https://***@h/a b'", "NAME"),
        ("project = 3", "`project`: expected a table, got 3", "fix"),
        ("[tool.ruff]\nx = 1", "got none of them", "write a requirements.txt"),
        ('[project]\ndynamic = ["dependencies"]', "got them as dynamic", '"requirements.txt"'),
        ('[project]\ndynamic = ["dependencies"]\n[dependency-groups]\na = ["b"]',
         "got them as dynamic", '"requirements.txt"'),
        ('[project]\ndynamic = ["dependencies"]\n[tool.setuptools.dynamic]\n'
         'dependencies = { file = ["r/in.txt"] }', "got them as dynamic", 'file = "r/in.txt"'),
        ('[project]\nrequires-python = ">=3.12"\ndependencies = []', "for Python >=3.12", "base"),
        ('[project]\ndependencies = ["a"]\n[tool.uv.sources]\na = 3', "expected a table", "fix"),
    ],
)  # fmt: skip
def test_bad_input_is_named_with_its_key(text: str, said: str, hint: str):
    error = refused(text)
    assert error.message.startswith("pyproject.toml: ")
    assert said in error.message
    assert hint in error.hint
    assert "pw" not in error.message


@pytest.mark.parametrize(
    "groups",
    [
        'ml = ["a b"]',
        'ml = [{ include-group = "ml" }]',
        "ml = [3]",
        'ml = [{ include-group = "no" }]',
        "ml = [{ a = 'b' }]",
    ],
)
def test_a_group_that_can_not_be_read_is_an_error(groups: str):
    error = refused(f"[dependency-groups]\n{groups}\n", wanted(groups=("ml",)))
    assert error.message.startswith("pyproject.toml: `dependency-groups")


def test_an_unknown_extra_or_group_is_named():
    text = '[project]\nname = "a"\ndependencies = []\n[project.optional-dependencies]\nx = []\n'
    assert refused(text, wanted("y")).message.endswith("pyproject.toml has no extra 'y'")
    assert refused(text, wanted(groups=("y",))).hint == "it has no groups"


@settings(max_examples=40)
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5),
                    lambda inner: st.lists(inner, max_size=3)
                    | st.dictionaries(st.sampled_from(["name", "path", "git", "version", "marker"]),
                                      inner, max_size=3), max_leaves=6))  # fmt: skip
def test_any_value_anywhere_is_read_or_refused(value):
    for content in (
        {"project": {"dependencies": value}},
        {"project": {"name": "o", "dependencies": [], "optional-dependencies": {"x": value}}},
        {"dependency-groups": {"g": value}},
        {"project": {"dependencies": ["a"]}, "tool": {"uv": {"sources": {"a": value}}}},
        {"tool": {"poetry": {"dependencies": {"a": value}}}},
        {"tool": {"poetry": {"dependencies": {"a": "1"}, "source": value}}},
    ):
        extras = ("x",) if "project" in content and "name" in content["project"] else ()
        groups = ("g",) if "dependency-groups" in content else ()
        try:
            found = pyproject.lines(content, wanted(*extras, groups=groups), Path("/nowhere"))
        except UsageError:
            continue
        for line in found:
            if line[0] not in "-.":
                Requirement(line)


def test_a_requirement_of_the_project_itself_is_an_extra_and_never_one_of_an_index():
    content = {
        "project": {
            "name": "Own.Project",
            "dependencies": ["six", "own-project[plot]"],
            "optional-dependencies": {"plot": ["tqdm"], "all": ["own_project[plot,deep]"],
                                      "deep": ["torch"]},
        },
        "dependency-groups": {"ml": ["own-project[all]", "wheel"]},
    }  # fmt: skip
    assert pyproject.lines(content, wanted(), LOCKS) == ["six", "tqdm"]
    found = pyproject.lines(content, wanted(groups=("ml",)), LOCKS)
    assert found == ["six", "tqdm", "wheel", "torch"]
