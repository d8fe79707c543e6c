from __future__ import annotations

import csv
import io
import tarfile
import tempfile
import zipfile
from pathlib import Path

import pytest
from host_samples import make_wheel
from hypothesis import given
from hypothesis import strategies as st

from packager.errors import PackageError
from packager.image.layers import write_tar
from packager.image.unpacking import QUICK_TEST_IMPORTS, TEST_IMPORT
from packager.image.unpacking import unpacked as unpacked_wheel

SITE = "opt/w/lib/python3.11/site-packages"


def unpacked(wheel: Path) -> dict[str, bytes]:
    """Every file of a wheel's layer."""
    with tempfile.TemporaryDirectory() as name:
        layer = Path(name) / "layer.tar"
        with unpacked_wheel(wheel, "opt/w", SITE, "/opt/venv/bin/python") as entries:
            write_tar(layer, entries)
        with tarfile.open(layer) as tar:
            return {
                info.name: tar.extractfile(info).read()
                for info in tar
                if info.isfile()  # type: ignore[union-attr]
            }


def record(files: dict[str, bytes]) -> set[str]:
    rows = csv.reader(io.StringIO(files[f"{SITE}/tool-1.0.dist-info/RECORD"].decode()))
    return {row[0] for row in rows}


def test_test_folders_are_left_out_of_files_and_record(tmp_path: Path):
    wheel = make_wheel(
        tmp_path,
        "tool",
        {
            "tool/a.py": "import contest.b\n",
            "tool/tests/test_a.py": "",
            "tool/tests/data/big.bin": b"0" * 100,
            "tool/deep/test/x.py": "",
            "tests/x.py": "",
            "tool/testing/kept.py": "",
            "tool/contests/kept.py": "",
            "tool/tests.py": "",
            "tool-1.0.data/data/tests/kept.txt": "",
        },
    )
    files = unpacked(wheel)
    assert {f"{SITE}/tool/testing/kept.py", f"{SITE}/tool/contests/kept.py"} <= set(files)
    assert {f"{SITE}/tool/tests.py", "opt/w/tests/kept.txt"} <= set(files)
    left = [name for name in files if "/tests/" in name or "/test/" in name]
    assert left == ["opt/w/tests/kept.txt"]
    assert not {name for name in record(files) if "/test/" in name or "tool/tests/" in name}
    assert "tool/a.py" in record(files)


FOR_TOOLS = {
    "tool/__init__.pyi": "from .a import f\n",
    "tool/fast.pyx": "cdef int x\n",
    "tool/fast.pyx.tp": "{{x}}\n",
}
OTHERS = {"tool/py.typed": "", "tool/fast.pxd": "cdef int x\n"}


def test_files_for_tools_are_left_out_of_files_and_record(tmp_path: Path):
    given = {"tool/__init__.py": "x = 1\n", **FOR_TOOLS, **OTHERS}
    files = unpacked(make_wheel(tmp_path, "tool", given))
    assert not {f"{SITE}/{name}" for name in FOR_TOOLS} & files.keys()
    assert {f"{SITE}/{name}" for name in OTHERS} <= files.keys()
    assert not FOR_TOOLS.keys() & record(files)
    assert OTHERS.keys() <= record(files)


@pytest.mark.parametrize(
    ("code", "kept"),
    [
        (
            "import lazy_loader\n__getattr__, _, _ = lazy_loader.attach_stub(__name__, __file__)\n",
            "tool/__init__.pyi",
        ),
        ("text = open(__file__[:-3] + '.pyi').read()\n", "tool/__init__.pyi"),
        ("import pyximport\npyximport.install()\n", "tool/fast.pyx"),
        ('sources = ["fast.pyx.tp"]\n', "tool/fast.pyx.tp"),
    ],
)
def test_files_for_tools_that_a_module_reads_stay(tmp_path: Path, code: str, kept: str):
    files = unpacked(make_wheel(tmp_path, "tool", {"tool/__init__.py": code, **FOR_TOOLS}))
    assert FOR_TOOLS.keys() & record(files) == {kept}
    assert files[f"{SITE}/{kept}"] == FOR_TOOLS[kept].encode()


@pytest.mark.parametrize(
    "line",
    [
        "from tool.tests import helper",
        "from tool.tests.helper import f",
        "import tool.tests.helper as h",
        "from .tests import helper",
        "from . import tests",
        "from tool import tests",
        "from tool import (tests)",
        "def f():\n    from tool.tests import helper",
    ],
)
def test_a_test_folder_that_other_code_imports_stays(tmp_path: Path, line: str):
    wheel = make_wheel(
        tmp_path,
        "tool",
        {"tool/a.py": f"{line}\n", "tool/tests/helper.py": "", "tool/tests/deep/x.py": ""},
    )
    files = unpacked(wheel)
    assert {f"{SITE}/tool/tests/helper.py", f"{SITE}/tool/tests/deep/x.py"} <= set(files)
    assert "tool/tests/helper.py" in record(files)


def test_one_imported_test_folder_does_not_keep_another(tmp_path: Path):
    wheel = make_wheel(
        tmp_path,
        "tool",
        {"tool/a.py": "import tool.x.tests.b\n", "tool/x/tests/b.py": "", "tool/y/tests/c.py": ""},
    )
    files = unpacked(wheel)
    assert f"{SITE}/tool/x/tests/b.py" in files
    assert f"{SITE}/tool/y/tests/c.py" not in files


def test_tests_that_import_tests_keep_nothing(tmp_path: Path):
    wheel = make_wheel(
        tmp_path, "tool", {"tool/tests/a.py": "from tool.tests import b\n", "tool/tests/b.py": ""}
    )
    assert not [name for name in unpacked(wheel) if "/tests/" in name]


@pytest.mark.filterwarnings("error")
def test_bytecode_of_a_wheel_is_left_out_of_files_and_record(tmp_path: Path):
    bytecode = "tool/__pycache__/a.cpython-311.pyc"
    files = unpacked(make_wheel(tmp_path, "tool", {"tool/a.py": "", bytecode: b"pyc"}))
    assert f"{SITE}/tool/a.py" in files
    assert f"{SITE}/{bytecode}" not in files
    assert bytecode not in record(files)


def test_a_wheel_that_differs_from_its_record_is_refused(tmp_path: Path):
    wheel = make_wheel(tmp_path, "tool", {"tool.py": "x"}, damaged=True)
    with pytest.raises(PackageError) as caught:
        unpacked(wheel)
    assert caught.value.message.startswith("tool-1.0-py3-none-any.whl: can't be unpacked: ")
    assert "tool.py" in caught.value.message
    assert caught.value.hint == "check the wheel with `pip install` of it"


@pytest.mark.parametrize("name", ["tool.py", "tool.so"])
@pytest.mark.parametrize("content", [b"abc", b"abcdefghij", b"jihgfedcba"])
def test_a_file_of_another_length_or_content_than_recorded_is_refused(
    tmp_path: Path, name: str, content: bytes
):
    wheel = make_wheel(tmp_path, "tool", {name: b"abcdef"})
    with zipfile.ZipFile(wheel) as whole:
        files = {info.filename: whole.read(info) for info in whole.infolist()}
    with zipfile.ZipFile(wheel, "w") as changed:
        for inside, kept in files.items():
            changed.writestr(inside, content if inside == name else kept)
    with pytest.raises(PackageError, match=rf"hash / size of {name} didn't match RECORD"):
        unpacked(wheel)


@pytest.mark.parametrize("name", ["tool.py", "tool.so"])
def test_a_file_whose_compressed_bytes_are_damaged_is_refused(tmp_path: Path, name: str):
    wheel = make_wheel(tmp_path, "tool", {name: b"x = 1\n" * 1000})
    with zipfile.ZipFile(wheel) as whole:
        files = {info.filename: whole.read(info) for info in whole.infolist()}
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as packed:
        for inside, kept in files.items():
            packed.writestr(inside, kept)
        place = packed.getinfo(name).header_offset + 30 + len(name)
    damaged = bytearray(wheel.read_bytes())
    damaged[place : place + 4] = b"\xff" * 4
    wheel.write_bytes(damaged)
    with pytest.raises(PackageError, match=r"tool-1\.0-py3-none-any\.whl: can't be unpacked"):
        unpacked(wheel)


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"tool.so": b"", "tool.so/more.so": b""}, "is a file and a folder"),
        ({"tool.py": b"", "tool.py/more.py": b""}, "can't be unpacked"),
        ({"../../../../../up.txt": b""}, "is outside of"),
        ({f"{'n' * 256}.txt": b""}, "too long"),
    ],
)
def test_paths_that_no_folder_can_hold_are_refused(tmp_path: Path, files, why: str):
    with pytest.raises(PackageError, match=why):
        unpacked(make_wheel(tmp_path, "tool", files))


@pytest.mark.parametrize("name", ["tool.py", "tool.sh"])
def test_a_file_that_may_be_executed_keeps_its_mode(tmp_path: Path, name: str):
    wheel = make_wheel(tmp_path, "tool", {name: b"", "plain.py": b""})
    with zipfile.ZipFile(wheel) as whole:
        files = {info: whole.read(info) for info in whole.infolist()}
    with zipfile.ZipFile(wheel, "w") as changed:
        for info, kept in files.items():
            if info.filename == name:
                info.external_attr = 0o100755 << 16
            changed.writestr(info, kept)
    with unpacked_wheel(wheel, "opt/w", SITE, "/opt/venv/bin/python") as entries:
        modes = {entry.name: entry.mode for entry in entries}
    assert modes[f"{SITE}/{name}"] == 0o755
    assert modes[f"{SITE}/plain.py"] == 0o644


@pytest.mark.parametrize("bad", [b"", b"no zip", b"PK\x03\x04 cut"])
def test_what_is_no_wheel_is_refused(tmp_path: Path, bad: bytes):
    (tmp_path / "tool-1.0-py3-none-any.whl").write_bytes(bad)
    with pytest.raises(PackageError, match=r"tool-1\.0-py3-none-any\.whl: can't be unpacked"):
        unpacked(tmp_path / "tool-1.0-py3-none-any.whl")


@pytest.mark.slow
@given(st.from_regex(TEST_IMPORT))
def test_where_the_exact_expression_finds_an_import_a_quick_one_does(code: bytes) -> None:
    assert any(quick.search(code) for quick in QUICK_TEST_IMPORTS)
