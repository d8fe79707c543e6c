"""Poetry's own tables of ``pyproject.toml`` as lines of pip."""

from __future__ import annotations

import tomllib

import pytest
from requirement_formats import locked, wanted

from packager.environment.formats import poetry_project
from packager.errors import UsageError

pytestmark = pytest.mark.slow

NAME = "pyproject.toml"


def of(text: str, wish=None) -> list[str]:
    return poetry_project.lines(tomllib.loads(text), wish or wanted(), NAME)


@pytest.mark.parametrize(
    ("version", "line"),
    [
        ('"^1.2"', "a<2.0,>=1.2"), ('"~1.2"', "a<1.3,>=1.2"), ('"^0.0.3"', "a<0.0.4,>=0.0.3"),
        ('"1.2"', "a==1.2"), ('"1.*"', "a==1.*"), ('"*"', "a"), ('">=1,<2"', "a<2,>=1"),
        ('{ version = "^1", extras = ["x"] }', "a[x]<2,>=1"),
        ('{ version = "1", python = "^3.8" }',
         'a==1; python_version >= "3.8" and python_version < "4.0"'),
        ('{ git = "https://h/r.git", tag = "v1" }', "a@ git+https://h/r.git@v1"),
        ('{ url = "https://h/a-1-py3-none-any.whl" }', "a@ https://h/a-1-py3-none-any.whl"),
        ('{ path = "libs/a", develop = true, extras = ["x"] }', "./libs/a[x]"),
        ('{ path = "../a" }', "../a"),
    ],
)  # fmt: skip
def test_a_version_of_poetry_is_a_range_of_pip(version: str, line: str):
    found = of(f"[dependencies]\na = {version}\n")
    assert [one.replace(" @", "@") for one in found] == [line]


def test_optional_ones_come_with_their_extra_and_groups_when_wanted():
    content = locked("poetry/pyproject.toml")["tool"]["poetry"]
    own = poetry_project.lines(content, wanted(), NAME)
    assert own == [
        "--index-url https://index.test/simple",
        "pandas<2.3,>=2.2",
        "scikit-learn<2.0,>=1.5",
        'colorama; sys_platform == "win32"',
    ]
    more = poetry_project.lines(content, wanted("fast", groups=("ml",)), NAME)
    assert set(more) - set(own) == {"pyyaml", "lightgbm<5.0,>=4.0"}


def test_indexes_that_serve_any_package_are_options():
    text = (
        '[dependencies]\n[[source]]\nname = "a"\nurl = "https://a"\n[[source]]\nname = "b"\n'
        'url = "https://b"\npriority = "supplemental"\n[[source]]\nname = "c"\n'
        'url = "https://c"\npriority = "explicit"\n[[source]]\nname = "PyPI"\n'
    )
    assert of(text) == ["--index-url https://a", "--extra-index-url https://b"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('a = "x.y"', "`tool.poetry.dependencies.a`: expected a dependency as Poetry reads it"),
        ("a = 3", "got 3"),
        ("a = { version = 3 }", "got {'version': 3}"),
        ('a = "<1 || >2,<3"', "expected one range of versions, got 'a (<1 || >2,<3)'"),
        (
            'python = "^3.12"',
            "expected a file for the base's Python 3.11, got one for Python ^3.12",
        ),
        ('python = "abc"', "`tool.poetry.dependencies.python`"),
    ],
)
def test_bad_input_is_named_with_its_key(text: str, said: str):
    with pytest.raises(UsageError) as caught:
        of(f"[dependencies]\n{text}\n")
    assert said in caught.value.message
    assert caught.value.hint


def test_an_unknown_extra_or_group_is_named():
    with pytest.raises(UsageError, match=r"pyproject\.toml has no group 'x'") as caught:
        of("[dependencies]\n[group.ml.dependencies]\n", wanted(groups=("x",)))
    assert caught.value.hint == "it has ml"
