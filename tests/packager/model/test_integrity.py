from __future__ import annotations

import dis
import importlib.util
import marshal
import os
import py_compile
import sys
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
from host_samples import MANIFEST

from packager.errors import PackageError
from packager.manifest.base import FileEntry
from packager.manifest.manifest import Manifest
from packager.model.integrity import (
    check_before_loading,
    is_bytecode,
    is_compiled,
    is_passed_over,
    verify_folder,
)
from packager.model.paths import Root
from packager.worker.replay.report import reaches


def test_files_as_named_are_one_check(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("a")
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__/a.pyc").write_text("bytecode")
    entries = [FileEntry.of(tmp_path / "a.py", "a.py")]
    (check,) = verify_folder("code", tmp_path, entries, is_bytecode)
    assert check.ok
    assert check.name == "code files"


def test_altered_missing_and_unnamed_files_are_named(tmp_path: Path) -> None:
    for name in ("altered.csv", "missing.csv"):
        (tmp_path / name).write_text(name)
    entries = [FileEntry.of(tmp_path / name, name) for name in ("altered.csv", "missing.csv")]
    (tmp_path / "altered.csv").write_text("other")
    (tmp_path / "missing.csv").unlink()
    (tmp_path / "more.csv").write_text("more")
    (tmp_path / "_SUCCESS").write_text("")
    whole, *files = verify_folder("data", tmp_path, entries, is_passed_over)
    assert not whole.ok
    assert [check.name for check in files] == [
        "data file altered.csv",
        "data file missing.csv",
        "data file more.csv",
    ]
    assert [check.ok for check in files] == [False] * 3
    assert files[1].actual == "missing"
    assert files[2].expected == "no such file"


@pytest.mark.parametrize(
    ("level", "required", "enough"),
    [
        ("artifact", "artifact", True),
        ("artifact", "metrics", True),
        ("predictions", "artifact", False),
        ("predictions", "state", False),
        ("predictions", "metrics", True),
        ("metrics", "statistical", True),
        ("none", "statistical", False),
    ],
)
def test_a_level_reaches_itself_and_weaker_ones(level: str, required: str, enough: bool) -> None:
    assert reaches(level, required) is enough


def packaged(tmp_path: Path) -> tuple[Manifest, Root]:
    """A package of one model, one module and nothing else, below ``tmp_path``."""
    root = Root(tmp_path)
    for folder in (root.models, root.code, root.package):
        folder.mkdir(parents=True)
    (root.models / "model").write_bytes(b"model")
    (root.code / "train.py").write_text("x = 1\n")
    manifest = MANIFEST.model_copy(
        update={
            "platforms": {},
            "model": (FileEntry.of(root.models / "model", "model"),),
            "code": (FileEntry.of(root.code / "train.py", "train.py"),),
            "files": (),
        }
    )
    (root.package / "manifest.json").write_bytes(manifest.dump())
    return manifest, root


def test_what_is_loaded_is_held_against_the_manifest(tmp_path: Path) -> None:
    manifest, root = packaged(tmp_path)
    check_before_loading(manifest, root)
    (root.models / "model").write_bytes(b"another")
    with pytest.raises(PackageError) as caught:
        check_before_loading(manifest, root)
    assert caught.value.message.startswith(f"{root.models / 'model'}: expected sha256 ")
    assert "as in the manifest, got " in caught.value.message
    (root.models / "model").unlink()
    with pytest.raises(PackageError, match="as in the manifest, got missing"):
        check_before_loading(manifest, root)


@pytest.mark.parametrize("name", ["code/numpy.py", "models/model.txt", "package/more.json"])
def test_a_file_that_is_not_named_is_not_loaded_in_place_of_another(
    tmp_path: Path, name: str
) -> None:
    manifest, root = packaged(tmp_path)
    (tmp_path / name).write_text("")
    with pytest.raises(PackageError, match="expected no such file as in the manifest"):
        check_before_loading(manifest, root)


def test_a_link_to_equal_bytes_is_refused_for_its_target_can_change(tmp_path: Path) -> None:
    manifest, root = packaged(tmp_path)
    (root.models / "model").rename(tmp_path / "elsewhere")
    (root.models / "model").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PackageError, match="as in the manifest, got a symbolic link"):
        check_before_loading(manifest, root)


@pytest.mark.parametrize("source", ["x = 1\n", "x = 2\n"])
def test_bytecode_beside_a_module_has_to_say_what_its_source_says(
    tmp_path: Path, source: str
) -> None:
    manifest, root = packaged(tmp_path)
    (tmp_path / "other.py").write_text(source)
    cached = Path(importlib.util.cache_from_source(str(root.code / "train.py")))
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    py_compile.compile(
        str(tmp_path / "other.py"), str(cached), "/code/train.py", invalidation_mode=mode
    )
    if source == "x = 1\n":
        check_before_loading(manifest, root)
    else:
        with pytest.raises(PackageError, match="expected bytecode of its source"):
            check_before_loading(manifest, root)


@pytest.mark.parametrize(
    ("field", "value"),
    [("co_stacksize", 1), ("co_qualname", "other"), ("co_exceptiontable", b"")],
)
def test_bytecode_differs_in_what_its_comparison_leaves_out(
    tmp_path: Path, field: str, value: object
) -> None:
    source = tmp_path / "m.py"
    source.write_text(
        "def f(x):\n    try:\n        return 1 / x\n    except Exception:\n        pass\n"
    )
    made = compile(source.read_bytes(), str(source), "exec", dont_inherit=True)
    (inner,) = (one for one in made.co_consts if isinstance(one, CodeType))
    changed: Any = {field: value}
    other = made.replace(co_consts=(inner.replace(**changed), *made.co_consts[1:]))
    cached = Path(importlib.util.cache_from_source(str(source)))
    cached.parent.mkdir()
    for code in (made, other):
        head = importlib.util.MAGIC_NUMBER + bytes(12)
        cached.write_bytes(head + marshal.dumps(code))
        assert is_compiled(cached) == (code is made)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="has no inline caches")
def test_bytecode_differs_in_its_inline_caches(tmp_path: Path) -> None:
    """With a specialized instruction they name another global than the source does."""
    source = tmp_path / "m.py"
    source.write_text("def good(): return 1\ndef bad(): return 2\ndef f(): return good()\n")
    cached = Path(py_compile.compile(str(source)) or "")
    content = bytearray(cached.read_bytes())
    code = next(c for c in marshal.loads(content[16:]).co_consts if getattr(c, "co_name", 0) == "f")
    load = next(one for one in dis.get_instructions(code) if one.opname == "LOAD_GLOBAL")
    assert is_compiled(cached)
    content[content.index(code.co_code) + load.offset + 4] = 9  # the place among the globals
    cached.write_bytes(content)
    assert not is_compiled(cached)


@pytest.mark.parametrize("name", ["models/pipe", "code/__pycache__/train.cpython-311.pyc"])
def test_a_pipe_is_refused_and_not_read(tmp_path: Path, name: str) -> None:
    manifest, root = packaged(tmp_path)
    path = root.models.parent / name
    path.parent.mkdir(exist_ok=True)
    os.mkfifo(path)
    with pytest.raises(PackageError, match="got no regular file"):
        check_before_loading(manifest, root)


@pytest.mark.parametrize("name", ["x.py", "train.cpython-311.so", "x.nbi", "deep/x.pyc"])
def test_only_bytecode_is_expected_beside_it(tmp_path: Path, name: str) -> None:
    manifest, root = packaged(tmp_path)
    path = root.code / "__pycache__" / name
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x")
    with pytest.raises(PackageError, match="expected no such file as in the manifest"):
        check_before_loading(manifest, root)
