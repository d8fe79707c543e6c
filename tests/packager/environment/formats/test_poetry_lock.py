"""``poetry.lock`` as Poetry wrote it: which packages of it are taken, in which version and file."""

from __future__ import annotations

import pytest
from requirement_formats import locked, pins, wanted

from packager.environment.formats import poetry_lock
from packager.errors import UsageError

OWN = [
    "cloudpickle==3.1.3", "joblib==1.6.0", "narwhals==2.29.0", "numpy==2.4.6", "pandas==2.2.3",
    "python-dateutil==4.0.0", "pytz==2026.6", "scikit-learn==1.9.1", "scipy==1.17.1",
    "threadpoolctl==3.8.0", "tzdata==2026.6",
]  # fmt: skip
INDEX = "--index-url https://index.test/simple"
METADATA = {"lock-version": "2.1", "python-versions": "*"}


def read(wish=None, content=None, project=None) -> list[str]:
    content = locked("poetry/poetry.lock") if content is None else content
    project = locked("poetry/pyproject.toml") if project is None else project
    return poetry_lock.lines(content, wish or wanted(), project)


def poetry(**dependencies) -> dict:
    return {"tool": {"poetry": {"dependencies": dependencies}}}


def package(name: str, version: str, **more) -> dict:
    return {"name": name, "version": version, "optional": False, "python-versions": "*", **more}


def lock(*packages: dict, **metadata) -> dict:
    return {"package": list(packages), "metadata": {**METADATA, **metadata}}


def refused(*arguments) -> UsageError:
    with pytest.raises(UsageError) as caught:
        read(*arguments)
    return caught.value


def test_what_the_project_needs_on_the_target_is_pinned():
    lines = read()
    assert lines[0] == INDEX
    assert pins(lines[1:]) == OWN


def test_extras_and_groups_add_to_it():
    lines = read(wanted("fast", groups=("ml",)))
    assert pins(lines[1:]) == sorted([*OWN, "lightgbm==4.7.0", "pyyaml==6.0.4"])


def test_hashes_are_those_of_the_files_that_fit():
    line = next(line for line in read() if line.startswith("pytz"))
    files = next(p for p in locked("poetry/poetry.lock")["package"] if p["name"] == "pytz")["files"]
    assert set(line.split(" --hash=")[1:]) == {file["hash"] for file in files}


@pytest.mark.parametrize(("python", "version"), [("3.11", "1"), ("3.13", "2")])
def test_the_markers_choose_among_versions(python: str, version: str):
    content = lock(
        package("a", "1", markers='python_version < "3.12"'),
        package("a", "2", markers='python_version >= "3.12"'),
    )
    assert read(wanted(python=python), content, poetry(a="*")) == [f"a=={version}"]
    older = lock(package("a", "1"), package("a", "2"))  # without markers, as Poetry 1 wrote it
    both = [{"version": "1", "python": "<3.12"}, {"version": "2", "python": ">=3.12"}]
    assert read(wanted(python=python), older, poetry(a=both)) == [f"a=={version}"]


def test_extras_of_a_package_bring_what_they_name():
    content = lock(
        package("a", "1", dependencies={"b": {"version": "*", "optional": True}},
                extras={"x": ["b (>=1)"]}),
        package("b", "1"),
    )  # fmt: skip
    assert read(None, content, poetry(a={"version": "*", "extras": ["x"]})) == ["a==1", "b==1"]
    assert read(None, content, poetry(a="*")) == ["a==1"]


def test_poetry_1_kept_the_files_apart():
    files = {"a": [{"file": "a-1-py3-none-any.whl", "hash": "sha256:00"}]}
    content = lock(package("a", "1"), files=files, **{"lock-version": "1.1"})
    assert read(None, content, poetry(a="*")) == ["a==1 --hash=sha256:00"]


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ({"type": "git", "url": "https://h/r.git", "resolved_reference": "abc"},
         "a @ git+https://h/r.git@abc"),
        ({"type": "git", "url": "https://h/r", "resolved_reference": "abc", "subdirectory": "s"},
         "a @ git+https://h/r@abc#subdirectory=s"),
        ({"type": "url", "url": "https://h/a.whl"}, "a @ https://h/a.whl"),
        ({"type": "directory", "url": "libs/a"}, "./libs/a"),
        ({"type": "file", "url": "../a-1.tar.gz"}, "../a-1.tar.gz"),
        ({"type": "legacy", "url": "https://h/simple", "reference": "own"}, "a==1"),
    ],
)  # fmt: skip
def test_each_source_is_written_as_pip_reads_it(source: dict, line: str):
    assert read(None, lock(package("a", "1", source=source)), poetry(a="*")) == [line]


def test_a_project_of_pep_621_is_read_too():
    project = {"project": {"name": "own", "dependencies": ["a>=1"]}}
    assert read(None, lock(package("a", "1")), project) == ["a==1"]
    error = refused(None, lock(package("a", "0.9")), project)
    assert "expected a >=1 as pyproject.toml or another package needs it, got 0.9" in error.message


def test_a_lock_older_than_its_project_is_refused():
    error = refused(None, lock(package("a", "1.5")), poetry(a="^2.0"))
    assert error.message == (
        "poetry.lock: expected a ^2.0 as pyproject.toml or another package needs it, got 1.5"
    )
    assert error.hint == "lock again: `poetry lock`"


def test_another_python_is_refused_by_name():
    error = refused(None, lock(), poetry(python="^3.12"))
    assert error.message == (
        "pyproject.toml: expected a file for the base's Python 3.11, got one for Python ^3.12"
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({}, "expected lock-version 1 or 2, got ''"),
        (lock(**{"lock-version": "3.0"}), "expected lock-version 1 or 2, got '3.0'"),
        ({"metadata": METADATA, "package": 3}, "`package`: expected a list, got 3"),
        ({"metadata": METADATA, "package": [{}]}, "`package.name`: expected a text, got None"),
        (lock(package("a", "x y")), "`package.a.version`: expected what Poetry writes there"),
        (lock(package("a", "1", dependencies={"b": 3})), "`package.a.dependencies.b`"),
        (lock(package("a", "1", source={"type": "hg", "url": "x"})), "`package.a.source.type`"),
    ],
)
def test_damage_and_other_versions_are_named(content: dict, said: str):
    error = refused(None, content, poetry(a="*"))
    assert said in error.message
    assert error.hint
