"""Lines of requirements files that name no wheel of an index, and the suggested replacements."""

from __future__ import annotations

from pathlib import Path

import pytest
from host_samples import TARGET

from packager.environment.requirement_lines import refuse_lines
from packager.errors import UsageError


def refused(folder: Path, text: str) -> UsageError:
    with pytest.raises(UsageError) as caught:
        refuse_lines({folder / "requirements.txt": text}, TARGET)
    return caught.value


def wheel_of(what: str, name: str) -> str:
    return (
        f"in the file's folder make a wheel of it: `python3.11 -m pip wheel --no-deps --wheel-dir "
        f'wheels "{what}"`, write the line `--find-links wheels` at the top of the file, and write '
        f"`{name}` in place of this line"
    )


def test_other_version_control_is_reported_with_the_wheel_to_make(tmp_path):
    line = "own[a,b] @ hg+https://host/x ; python_version > '3'"
    error = refused(tmp_path, f"pandas\n\n{line}\n")
    assert error.message == (
        f"requirements.txt line 3: expected an index, git or a path, got other version control: "
        f"{line!r}"
    )
    assert error.hint == wheel_of("hg+https://host/x", "own")


@pytest.mark.parametrize("line", ["git@host:o/x.git", "x @ git+git@host:o/x.git"])
def test_the_form_that_only_git_accepts_is_written_as_an_address(tmp_path, line: str):
    error = refused(tmp_path, line)
    assert error.hint == "write git+ssh://git@host/o/x.git in place of it"


@pytest.mark.parametrize(
    "line",
    ["./mylib", "-e ./mylib", "-e mylib", "shop-lib @ {uri}", "-e .", "--editable=.", "-e '.[dev]'",
     "https://host/own_lib-1.0.tar.gz", "./own_lib-1.0.tar.gz", "git+https://host/o/Own.git@v2",
     "own @ git+ssh://git@host/o/x.git", "-e git+https://host/x.git#egg=own"],
)  # fmt: skip
def test_what_can_be_built_is_let_through(tmp_path, line: str):
    (tmp_path / "mylib").mkdir()
    (tmp_path / "own_lib-1.0.tar.gz").write_bytes(b"")
    text = line.format(uri=(tmp_path / "mylib").as_uri())
    refuse_lines({tmp_path / "requirements.txt": text}, TARGET)


@pytest.mark.parametrize(
    ("line", "write"),
    [
        ("own @ file:///home/me/own-1.2-py3-none-any.whl", "write own==1.2, "),
        ("numpy=1.26.4=py311h64a7726_0", "write numpy==1.26.4; `pip list --format=freeze"),
        ("file:///C:/b/abs_1/work/x-1.0-py3-none-any.whl", "write x==1.0, "),
        ("./wheels/gone-2.1-py3-none-any.whl", "write gone==2.1, "),
        ("/tmp/build/80754af9/attrs_16", "write NAME==VERSION, "),
    ],
)
def test_paths_of_another_machine_are_reported_with_the_line_to_write(tmp_path, line, write):
    assert refused(tmp_path, line).hint.startswith(write)


def test_a_file_that_is_no_source_is_reported(tmp_path):
    (tmp_path / "more.txt").write_text("pandas")
    error = refused(tmp_path, "./more.txt")
    assert "expected a folder, a wheel or a source archive" in error.message
    assert error.hint == "to include a file of requirements, write `-r ./more.txt`"


@pytest.mark.parametrize(
    "text",
    [
        "pandas>=2.2,<4  # git+https://host/x\n",
        "numpy==1.26.4 ; python_version >= '3.11' \\\n    --hash=sha256:ab\n",
        "-r more.txt\n--index-url https://host/simple\n-f ./wheels\n",
        "x @ https://host/x-1.0-py3-none-any.whl\n",
        "requests[socks]~=2.31\nscikit-learn === 1.5.0\n",
    ],
)
def test_what_an_index_answers_is_let_through(tmp_path, text):
    refuse_lines({tmp_path / "requirements.txt": text}, TARGET)


def test_a_wheel_that_is_there_is_let_through(tmp_path):
    (tmp_path / "x-1.0-py3-none-any.whl").write_bytes(b"")
    refuse_lines({tmp_path / "requirements.txt": "./x-1.0-py3-none-any.whl"}, TARGET)


@pytest.mark.parametrize(
    ("line", "write"),
    [
        ("https://host/o/x.git@v1#egg=x", "write git+https://host/o/x.git@v1#egg=x in place of it"),
        ("x @ git://host/o/x", "write git+git://host/o/x in place of it"),
        ("https://me:word@host/o/x.git", "write git+https://***@host/o/x.git in place of it"),
    ],
)
def test_a_repository_without_its_scheme_is_named_with_it(tmp_path, line: str, write: str):
    error = refused(tmp_path, line)
    assert "word" not in error.message
    assert error.hint == write


def test_a_line_that_the_marker_leaves_out_may_name_anything(tmp_path):
    text = "./gone ; sys_platform == 'win32'\ngone @ file:///C:/gone; python_version < '3'\n"
    refuse_lines({tmp_path / "requirements.txt": text}, TARGET)
    assert refused(tmp_path, "./gone ; sys_platform == 'linux'").hint.startswith("fix it")


def test_a_path_from_where_the_command_runs_is_named_from_its_file(tmp_path, monkeypatch):
    (tmp_path / "libs" / "x").mkdir(parents=True)
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path)
    error = refused(tmp_path / "sub", "./libs/x")
    assert error.message.endswith("got a path that does not exist: './libs/x'")
    assert error.hint.startswith("write ../libs/x: a path counts from the folder of its file")
