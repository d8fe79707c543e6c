"""``pylock.toml`` of PEP 751: what it selects for the target, as lines of pip."""

from __future__ import annotations

import tomllib

import pytest
from requirement_formats import wanted

from packager.environment.formats import pylock
from packager.errors import UsageError

HEAD = 'lock-version = "1.0"\ncreated-by = "x"\nextras = ["x"]\ndependency-groups = ["g", "d"]\n'
HEAD += 'default-groups = ["d"]\n'


def package(name: str, more: str = "", version: str = "1") -> str:
    wheel = f'{{ name = "{name}-{version}-py3-none-any.whl", url = "https://h/x", '
    wheel += 'hashes = { sha256 = "00" } }'
    kind = "" if "[packages." in more else f"wheels = [{wheel}]\n"
    return f'[[packages]]\nname = "{name}"\nversion = "{version}"\n{kind}{more}\n'


def of(text: str, wish=None) -> list[str]:
    return pylock.lines(tomllib.loads(text), wish or wanted(), "pylock.toml")


def refused(text: str, wish=None) -> UsageError:
    with pytest.raises(UsageError) as caught:
        of(text, wish)
    return caught.value


def test_markers_extras_and_groups_select():
    text = HEAD + package("a") + package("b", "marker = \"sys_platform == 'win32'\"")
    text += package("c", "marker = \"'x' in extras\"")
    text += package("d", "marker = \"'g' in dependency_groups\"")
    text += package("e", "marker = \"'d' in dependency_groups\"")
    assert of(text) == ["a==1 --hash=sha256:00", "e==1 --hash=sha256:00"]
    both = of(text, wanted("x", groups=("g",)))
    assert [line[0] for line in both] == ["a", "c", "d", "e"]


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ('[packages.vcs]\ntype = "git"\nurl = "https://h/r"\ncommit-id = "abc"\n',
         "a @ git+https://h/r@abc"),
        ('[packages.directory]\npath = "libs/a"\n', "./libs/a"),
        ('[packages.archive]\nurl = "https://h/a.zip"\nhashes = { sha256 = "01" }\n'
         'subdirectory = "s"\n', "a @ https://h/a.zip#subdirectory=s --hash=sha256:01"),
    ],
)  # fmt: skip
def test_each_source_is_written_as_pip_reads_it(more: str, line: str):
    assert of(HEAD + package("a", more)) == [line]


def test_wheels_of_another_python_alone_are_refused_by_name():
    wheel = '{ name = "a-1-cp312-cp312-manylinux_2_17_x86_64.whl", url = "https://h/x", '
    text = f'{HEAD}[[packages]]\nname = "a"\nversion = "1"\nwheels = [{wheel}hashes = {{ sha256 = '
    error = refused(text + '"00" } }]\n')
    assert "a" in error.message
    assert "Python 3.11" in error.message
    assert "where Python is 3.11" in error.hint


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected a lock of PEP 751, got an error in it: Missing required value"),
        (HEAD.replace("1.0", "2.0") + "packages = []", "expected lock-version 1.0, got '2.0'"),
        (HEAD + "packages = 3", "expected a lock of PEP 751"),
        (HEAD + "[[packages]]\nname = 3\n", "expected a lock of PEP 751"),
        (HEAD + 'requires-python = ">=3.12"\npackages = []', "got one for Python >=3.12"),
        (HEAD + "environments = [\"sys_platform == 'win32'\"]\npackages = []", "does not fit"),
    ],
)
def test_damage_and_other_versions_are_named(text: str, said: str):
    error = refused(text)
    assert said in error.message
    assert error.hint


def test_an_unknown_extra_or_group_is_named():
    text = HEAD + package("a")
    assert refused(text, wanted("y")).hint == "it has x"
    assert refused(text, wanted(groups=("y",))).hint == "it has d, g"
