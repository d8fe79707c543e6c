"""``environment.yml``: conda's packages by their names on an index, and the pip part."""

from __future__ import annotations

import pytest
from example_counts import many
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.requirements import Requirement
from requirement_formats import wanted

from packager.environment.formats import conda
from packager.errors import UsageError

NAME = "environment.yml"
FILE = """
name: x
channels: [conda-forge, nodefaults]
dependencies:
  - python=3.11
  - conda-forge::pytorch=2.1
  - scikit-learn=1.5.1=py311h_0
  - pip
  - pip:
      - -r more.txt
      - lightgbm>=4 ; sys_platform == "linux"
      - -e .
prefix: /home/someone/x
"""


def read(text: str) -> list[str]:
    return conda.lines(conda.parsed_yaml(text, NAME), wanted(), NAME)


def refused(text: str) -> UsageError:
    with pytest.raises(UsageError) as caught:
        read(text)
    return caught.value


def test_conda_packages_come_first_and_the_pip_part_as_it_is():
    assert read(FILE) == [
        "torch==2.1.*",
        "scikit-learn==1.5.1",
        "-r more.txt",
        'lightgbm>=4 ; sys_platform == "linux"',
        "-e .",
    ]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("numpy", "numpy"), ("NumPy", "numpy"), ("numpy=1.26", "numpy==1.26.*"),
        ("numpy==1.26", "numpy==1.26"), ("numpy=1.26.4=py311_0", "numpy==1.26.4"),
        ("numpy=*", "numpy"), ("numpy=*=py311_0", "numpy"), ("numpy *", "numpy"),
        ("numpy 1.26.*", "numpy==1.26.*"), ("numpy 1.26.4 py311_0", "numpy==1.26.4"),
        ("numpy =1.26", "numpy==1.26.*"), ("numpy>=1.20,<2", "numpy<2,>=1.20"),
        ("numpy >=1.20, <2", "numpy<2,>=1.20"), ("numpy>=1.20.*", "numpy>=1.20"),
        ("numpy!=1.2.*", "numpy!=1.2.*"), ("numpy~=1.2", "numpy~=1.2"),
        ("numpy[version='>=1.2,<2']", "numpy<2,>=1.2"), ("numpy=1.2,<3", "numpy<3,==1.2.*"),
        ("conda-forge/linux-64::numpy=1.2", "numpy==1.2.*"),
        ("category_encoders", "category-encoders"),
        ("py-xgboost", "xgboost"), ("pytables=3", "tables==3.*"), ("msgpack-python", "msgpack"),
        ("python>=3.9,<3.13", None), ("python 3.11.*", None), ("python=3.11.7=h_0", None),
        ("pip>=20", None),
    ],
)  # fmt: skip
def test_a_match_specification_is_one_of_pip(spec: str, expected: str | None):
    assert conda.requirement(spec, wanted(), NAME) == expected


def test_another_python_is_refused_by_name():
    error = refused("dependencies: [python=3.12]")
    assert error.message == "environment.yml: expected the base's Python 3.11, got 'python=3.12'"
    assert error.hint.startswith("write python=3.11, or name a base")


@pytest.mark.parametrize("spec", ["libgcc-ng=12", "blas=*=mkl", "r-base", "own-company-lib", "git"])
def test_a_package_of_conda_alone_is_refused_by_name(spec: str):
    """A name that is not known to be the same on an index could be anybody's there."""
    error = refused(f"dependencies: ['{spec}']")
    assert f"got {spec.partition('=')[0]} of conda" in error.message
    assert "list under `- pip:`" in error.hint


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("dependencies: [", "expected YAML, got an error in it"),
        ("", "expected a file of conda with `dependencies`, got None"),
        ("- numpy", "expected a file of conda with `dependencies`"),
        ("dependencies: numpy", "`dependencies`: expected a list, got 'numpy'"),
        ("dependencies: [1.5]", "`dependencies`: expected a text, got 1.5"),
        ("dependencies: [{conda: [a]}]", "expected a package with one range of versions"),
        ("dependencies: [{pip: a}]", "`dependencies.pip`: expected a list, got 'a'"),
        ("dependencies: ['numpy 1.2|1.3']", "expected a package with one range of versions"),
        ("dependencies: ['numpy<']", "expected a package with one range of versions"),
        ("dependencies: ['!!']", "expected a package with one range of versions"),
        ("package: [{name: numpy}]", "got a lock of conda-lock"),
        ("a: &a [x]\nb: [" + "*a, " * 200 + "]", "expected at most 100 aliases"),
        ("[" * 2000, "expected YAML"),
        ("dependencies: !!python/object/apply:os.system [ls]", "expected YAML"),
    ],
)
def test_bad_input_is_named(text: str, said: str):
    error = refused(text)
    assert said in error.message
    assert error.hint


@settings(max_examples=many(60))
@given(st.text(alphabet="numpy=<>!~|,.*1 23[]'version:_-", max_size=20))
def test_any_specification_is_read_or_refused(spec: str):
    try:
        found = conda.requirement(f"numpy{spec}", wanted(), NAME)
    except UsageError:
        return
    assert found is None or Requirement(found)


def test_the_table_has_each_name_once_and_in_canonical_form():
    from packaging.utils import canonicalize_name

    rows = [line.split() for line in conda.NAMES.read_text().splitlines()[1:]]
    names = [row[0] for row in rows]
    assert names == sorted(set(names))
    assert all(canonicalize_name(name) == name for row in rows for name in row)
    assert conda.index_names()["pytorch"] == "torch"
