"""Which wheels need one folder, compared with what Python and the loader do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.machinery import FileFinder, ModuleSpec, SourceFileLoader
from pathlib import Path

import pytest
from example_counts import many
from hypothesis import given, settings
from hypothesis import strategies as st

from packager.image.shared_folders import WheelFiles, joined

LIB = "lib/python3.11/site-packages"


def files(*modules: str, **searched: str) -> WheelFiles:
    """A wheel with these modules; ``searched``: search path of the shared library of that name."""
    libraries = [f"{LIB}/{name}" for name in modules if ".so" in name]
    paths = [(f"{LIB}/{name.replace('__', '/')}.so", (path,)) for name, path in searched.items()]
    libraries += [name for name, _ in paths]
    return WheelFiles(tuple(modules), tuple(libraries), tuple(paths))


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (["a/__init__.py", "a/x.py"], ["a/y.py"]),
        (["a/__init__.py"], ["a/__init__.py"]),  # also pkgutil's and pkg_resources' namespaces
        (["space/a/__init__.py"], ["space/a/x.py"]),
        (["a.py"], ["a.py"]),
        (["a.py"], ["a/__init__.py"]),
        (["a.py"], ["a/x.py"]),
        (["a.cpython-311-x86_64-linux-gnu.so"], ["a/x.py"]),
        (["a.abi3.so"], ["a.py"]),
        (["a/__init__.cpython-311-x86_64-linux-gnu.so"], ["a/x.py"]),
        (["cmeel.prefix/lib/a.so"], ["cmeel.prefix/lib/b.so"]),
        (["a/__init__.py"], ["a/data.json"]),
    ],
)
def test_wheels_that_share_a_module_need_one_folder(one: list[str], two: list[str]) -> None:
    other = files("other/__init__.py")
    assert joined([files(*one), other, files(*two)]) == [[0, 2], [1]]
    assert joined([files(*two), other, files(*one)]) == [[0, 2], [1]]


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (["space/a.py"], ["space/b.py"]),
        (["space/deep/a/__init__.py"], ["space/deep/b/__init__.py"]),
        (["space/a.py", "space/py.typed"], ["space/b.py", "space/py.typed"]),
        (["a-1.0.dist-info/METADATA"], ["b-1.0.dist-info/METADATA"]),
        (["a.py", "LICENSE"], ["b.py", "LICENSE"]),
        (["a.pth"], ["b.pth"]),
        (["__pycache__/a.py"], ["__pycache__/b.py"]),
        (["a/__init__.py"], ["aa/__init__.py"]),
        (["numpy.libs/a.so"], ["scipy.libs/a.so"]),
    ],
)
def test_wheels_that_share_no_module_keep_their_folders(one: list[str], two: list[str]) -> None:
    assert joined([files(*one), files(*two)]) == [[0], [1]]


@pytest.mark.parametrize(
    ("search", "together"),
    [
        ("$ORIGIN/../../vendor/lib", True),
        ("${ORIGIN}/../../vendor/lib/", True),
        ("$ORIGIN/../../vendor", False),
        ("$ORIGIN/../other", False),
        ("$ORIGIN", False),
        ("/usr/lib", False),
        ("$ORIGIN/../../../../../../../../../vendor/lib", False),
    ],
)
def test_libraries_that_are_searched_beside_a_wheel_lie_there(search: str, together: bool) -> None:
    net = files("net/__init__.py", net__inner__core=search)
    vendor = files("vendor/lib/libcublas.so.12")
    assert joined([net, vendor]) == ([[0, 1]] if together else [[0], [1]])


def test_libraries_of_a_data_scheme_are_found_above_the_modules() -> None:
    """As oneDAL's: the libraries lie in the environment's own ``lib``."""
    dal = WheelFiles((), ("lib/libonedal.so.2",), ())
    assert joined([files("daal/__init__.py", daal__core="$ORIGIN/../../../"), dal]) == [[0, 1]]


def test_a_chain_of_wheels_needs_one_folder() -> None:
    chain = [files("a/__init__.py", "z/__init__.py"), files("b.py", "z/x.py"), files("b/y.py")]
    assert joined([*chain, files("c.py")]) == [[0, 1, 2], [3]]


names = st.lists(st.sampled_from(["a", "b", "c", "__init__"]), min_size=1, max_size=3)
trees = st.lists(
    st.lists(names.map(lambda parts: "/".join(parts) + ".py"), min_size=1, max_size=4),
    min_size=2,
    max_size=4,
)


@pytest.mark.slow
@settings(max_examples=many(60))
@given(trees)
def test_folders_import_what_one_folder_imports(
    tmp_path_factory: pytest.TempPathFactory, wheels: Sequence[Sequence[str]]
) -> None:
    wheels = [[name for name in sorted(set(wheel)) if name[0] != "_"] for wheel in wheels]
    top = tmp_path_factory.mktemp("trees")
    for wheel in wheels:
        write(top / "one", wheel)
    sets = joined([files(*wheel) for wheel in wheels])
    for number, members in enumerate(sets):
        (top / "many" / str(number)).mkdir(parents=True)
        for member in members:
            write(top / "many" / str(number), wheels[member])
    asked = {name.removesuffix(".py").replace("/", ".") for wheel in wheels for name in wheel}
    many = [str(path) for path in sorted((top / "many").iterdir())]
    assert found(many, asked) == found([str(top / "one")], asked)


def write(folder: Path, wheel: Sequence[str]) -> None:
    for name in wheel:
        path = folder / name
        if any(parent.is_file() for parent in path.parents) or path.is_dir():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def found(path: Sequence[str], asked: set[str]) -> Mapping[str, bool]:
    """Which modules are found on ``path``, with the import system's finder of one folder."""
    result = {}
    for name in asked:
        places, spec = list(path), None
        for part in name.split("."):
            spec = _in_places(part, places)
            places = list(spec.submodule_search_locations or ()) if spec else []
        result[name] = spec is not None
    return result


def _in_places(part: str, places: Sequence[str]) -> ModuleSpec | None:
    """As ``PathFinder``: a module or regular package of the first folder, or all namespaces."""
    portions: list[str] = []
    for place in places:
        spec = FileFinder(place, (SourceFileLoader, [".py"])).find_spec(part)
        if spec and spec.loader:
            return spec
        portions += spec.submodule_search_locations or () if spec else ()
    namespace = ModuleSpec(part, None, is_package=True)
    namespace.submodule_search_locations = portions
    return namespace if portions else None
