"""``uv.lock`` as uv wrote it: which packages of it are taken, in which version and file."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

import pytest
import uv
from requirement_formats import LOCKS, locked, pins, wanted

from packager.environment.formats import uv_lock
from packager.errors import UsageError

OWN = [
    "cloudpickle==3.1.3", "joblib==1.6.0", "narwhals==2.29.0", "numpy==2.4.6", "pandas==2.2.3",
    "python-dateutil==4.0.0", "pytz==2026.6", "scikit-learn==1.9.1", "scipy==1.17.1",
    "threadpoolctl==3.8.0", "tzdata==2026.6",
]  # fmt: skip
HEAD = 'version = 1\nrequires-python = ">=3.11"\n'
ROOT = '[[package]]\nname = "own"\nversion = "1"\nsource = { virtual = "." }\n'


def read(wish=None, content=None, project=None, folder=LOCKS / "uv"):
    if content is None:
        content, project = locked("uv/uv.lock"), locked("uv/pyproject.toml")
    return uv_lock.lines(content, wish or wanted(), project, folder)


def of(text: str, wish=None) -> list[str]:
    return read(wish, tomllib.loads(HEAD + text))


def refused(content, wish=None, project=None) -> UsageError:
    with pytest.raises(UsageError) as caught:
        read(wish, content, project)
    return caught.value


def test_what_the_project_needs_on_the_target_is_pinned():
    assert pins(read()) == OWN


def test_extras_and_groups_add_to_it():
    more = {"lightgbm==4.7.0", "orjson==3.13.0"}
    assert pins(read(wanted("serve", groups=("ml",)))) == sorted([*OWN, *more])
    assert pins(read(wanted("serve"))) == sorted([*OWN, "orjson==3.13.0"])


def test_the_marker_of_the_targets_python_chooses_among_versions():
    chosen = next(line for line in read() if line.startswith("numpy"))
    other = {p["version"] for p in locked("uv/uv.lock")["package"] if p["name"] == "numpy"}
    assert len(other) == 2
    assert chosen.startswith("numpy==2.4.6 ")


def test_hashes_are_those_of_the_files_that_fit():
    line = next(line for line in read() if line.startswith("numpy"))
    package = next(p for p in locked("uv/uv.lock")["package"]
                   if (p["name"], p["version"]) == ("numpy", "2.4.6"))  # fmt: skip
    files = {w["url"].rpartition("/")[2]: w["hash"] for w in package["wheels"]}
    fitting = {h for name, h in files.items() if "cp311-manylinux" in name and "x86_64" in name}
    assert fitting
    assert set(line.split(" --hash=")[1:]) == fitting | {package["sdist"]["hash"]}


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ('registry = "https://index.test"', "a==2"),
        ('git = "https://h/r.git?rev=main#abc123"', "a @ git+https://h/r.git@abc123"),
        (
            'git = "https://h/r?subdirectory=s&tag=v1#abc"',
            "a @ git+https://h/r@abc#subdirectory=s",
        ),
        ('url = "https://h/a-2-py3-none-any.whl"', "a @ https://h/a-2-py3-none-any.whl"),
        ('path = "libs/a-2-py3-none-any.whl"', "./libs/a-2-py3-none-any.whl"),
        ('editable = "libs/a"', "./libs/a"),
        ('directory = "../a"', "../a"),
    ],
)
def test_each_source_is_written_as_pip_reads_it(source: str, line: str):
    package = f'[[package]]\nname = "a"\nversion = "2"\nsource = {{ {source} }}\n'
    assert of(f'{ROOT}dependencies = [{{ name = "a" }}]\n{package}') == [line]


def test_a_members_own_dependencies_count_and_a_virtual_one_is_no_requirement():
    text = (
        ROOT + 'dependencies = [{ name = "a" }]\n[[package]]\nname = "a"\nversion = "2"\n'
        'source = { virtual = "libs/a" }\ndependencies = [{ name = "b", extra = ["x"] }]\n'
        '[[package]]\nname = "b"\nversion = "3"\nsource = { registry = "https://h" }\n'
        '[package.optional-dependencies]\nx = [{ name = "c" }]\ny = [{ name = "d" }]\n'
        '[[package]]\nname = "c"\nversion = "4"\nsource = { registry = "https://h" }\n'
    )
    assert of(text) == ["b==3", "c==4"]


@pytest.mark.parametrize(("extra", "version"), [("cpu", "1"), ("gpu", "2")])
def test_extras_that_exclude_each_other_choose_their_version(extra: str, version: str):
    """uv writes which extra is on into markers."""
    dependencies = ", ".join(
        f'{{ name = "t", version = "{n}", marker = "extra == \'extra-3-own-{e}\'" }}'
        for n, e in ((1, "cpu"), (2, "gpu"))
    )
    packages = "".join(
        f'[[package]]\nname = "t"\nversion = "{n}"\nsource = {{ registry = "https://h" }}\n'
        for n in (1, 2)
    )
    extras = "[package.optional-dependencies]\ncpu = []\ngpu = []\n"
    text = f"{ROOT}dependencies = [{dependencies}]\n{extras}{packages}"
    assert of(text, wanted(extra)) == [f"t=={version}"]
    with pytest.raises(UsageError, match="expected one version of t, got 1 and 2"):
        of(text, wanted("cpu", "gpu"))


def test_an_unknown_extra_or_group_is_named_with_those_there_are():
    error = refused(None, wanted("srve"))
    assert error.message == "package.toml: `requirements.extras`: uv.lock has no extra 'srve'"
    assert error.hint == "it has more, serve"
    error = refused(None, wanted(groups=("dev",)))
    assert error.hint == "it has base, ml"


def test_a_lock_for_another_python_is_refused_by_name():
    error = refused({**locked("uv/uv.lock"), "requires-python": ">=3.12"})
    assert error.message == (
        "uv.lock: expected a file for the base's Python 3.11, got one for Python >=3.12"
    )


def test_a_package_without_a_file_for_the_target_is_refused_by_name():
    text = (
        ROOT + 'dependencies = [{ name = "a" }]\n[[package]]\nname = "a"\nversion = "2"\n'
        'source = { registry = "https://h" }\nwheels = [\n'
        '    { url = "https://h/a-2-cp312-cp312-win_amd64.whl", hash = "sha256:00" },\n]\n'
    )
    with pytest.raises(UsageError) as caught:
        of(text)
    assert caught.value.message == (
        "uv.lock: a==2: expected a wheel for Python 3.11 on x86_64-manylinux_2_36, got "
        "a-2-cp312-cp312-win_amd64.whl"
    )
    with_source = text + 'sdist = { url = "https://h/a-2.tar.gz", hash = "sha256:01" }\n'
    assert of(with_source) == ["a==2 --hash=sha256:01"]


def test_a_lock_older_than_its_project_is_refused():
    project = locked("uv/pyproject.toml")
    project["project"]["dependencies"].append("polars>=1")
    error = refused(locked("uv/uv.lock"), project=project)
    assert error.message == ("uv.lock: expected polars>=1 as pyproject.toml has it, got none")
    assert error.hint == "lock again: `uv lock`"
    project["project"]["dependencies"] = ["pandas>=2.3"]
    assert refused(locked("uv/uv.lock"), project=project).message.endswith("got 2.2.3")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({}, "expected version 1 of the format, got None"),
        ({"version": 2}, "expected version 1 of the format, got 2"),
        ({"version": 1, "package": "x"}, "`package`: expected a list, got 'x'"),
        ({"version": 1, "package": [{"name": 3}]}, "`package.name`: expected a text, got 3"),
        ({"version": 1, "package": []}, "expected the lock of one project in its own folder"),
        ({"version": 1, "requires-python": "3"}, "expected versions of Python such as >=3.11"),
        (
            {"version": 1, "package": [{"name": "a", "source": {"virtual": "."},
             "dependencies": [{"name": "b"}]}]},
            "expected one package 'b', got none",
        ),
    ],
)  # fmt: skip
def test_damage_and_other_versions_are_named(content, said: str):
    error = refused(content)
    assert said in error.message
    assert error.hint


@pytest.mark.parametrize("share", range(1, 10))
def test_a_lock_that_ends_early_is_an_error_or_a_shorter_lock_that_is_one(share: int):
    text = (LOCKS / "uv" / "uv.lock").read_text()
    text = text[: len(text) * share // 10]
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    with pytest.raises(UsageError):
        read(None, content, locked("uv/pyproject.toml"))


@pytest.mark.slow
@pytest.mark.parametrize("chosen", [[], ["--extra", "serve"], ["--group", "ml"]])
def test_uv_exports_the_same(tmp_path: Path, chosen: list[str]):
    for name in ("uv.lock", "pyproject.toml"):
        (tmp_path / name).write_text((LOCKS / "uv" / name).read_text())
    command = [uv.find_uv_bin(), "export", "--frozen", "--no-dev", "--no-emit-project", "--quiet",
               "--offline", "--no-hashes", "--no-annotate", "--no-header", *chosen]  # fmt: skip
    said = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    from packaging.requirements import Requirement

    asked = [Requirement(line) for line in said.splitlines()]
    expected = [f"{a.name}{a.specifier}" for a in asked if wanted().applies(a.marker)]
    extras = tuple(w for w in chosen[1:] if chosen[0] == "--extra")
    groups = tuple(w for w in chosen[1:] if chosen[0] == "--group")
    assert pins(read(wanted(*extras, groups=groups))) == sorted(expected)
