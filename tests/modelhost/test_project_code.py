"""Errors of a project's code name its file and line, with a hint."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from modelhost.errors import PackageError, UsageError
from modelhost.project_code import MAX_MESSAGE, find_module, find_object, project_errors


@pytest.fixture
def code(project):
    """Write a module and find an object in it."""

    def code(text: str, spec: str = "own:train"):
        project.code(own=text)
        return find_object(spec, "[recipe] train")

    return code


def failure(code, text: str, spec: str = "own:train") -> PackageError:
    with pytest.raises(PackageError) as caught:
        code(text, spec)
    return caught.value


def test_an_object_is_found_with_its_module(code):
    module, found = code("def train(): return 7\n")
    assert (module.__name__, found()) == ("own", 7)


@pytest.mark.parametrize("spec", ["own", ":train", "own:", ""])
def test_a_name_without_a_module_and_an_object_is_refused(code, spec):
    error = failure(code, "", spec)
    assert isinstance(error, UsageError)
    assert error.message == f"[recipe] train: expected 'module:name', got {spec!r}"


@pytest.mark.parametrize("text", ["", "train = 7\n"])
def test_what_is_not_there_or_is_no_function_is_refused(code, text):
    error = failure(code, text)
    assert "expected 'train' in module 'own', which has no such function or class" in error.message


@pytest.mark.parametrize("name", ["absent", "absent.inner", "own.inner"])
def test_a_module_that_is_not_there_is_reported_with_the_file_to_look_for(project, name):
    project.code(own="")
    with pytest.raises(UsageError) as caught:
        find_module(name, "[serve] predictor")
    assert caught.value.message.startswith("[serve] predictor: expected a module of the project")
    assert f"{name.replace('.', '/')}.py" in caught.value.hint


def test_a_package_that_a_module_needs_is_reported_as_a_requirement(code):
    error = failure(code, "import not_installed_anywhere\n")
    assert not isinstance(error, UsageError)
    assert error.message.startswith("importing own raised ModuleNotFoundError")
    assert error.hint == "add what provides 'not_installed_anywhere' to the requirements file"


@pytest.mark.parametrize(
    ("module", "named"), [("pkg_resources", "setuptools<81"), ("distutils", "setuptools")]
)
def test_modules_that_only_some_versions_of_setuptools_have_are_known(code, module, named):
    error = failure(code, f"raise ModuleNotFoundError(name={module!r})\n")
    assert error.hint == f"add {named}, which has {module!r}, to the requirements file"


@pytest.mark.parametrize(
    ("text", "line"), [("x = 1\nraise ValueError('no')\n", 2), ("def f(:\n", 1)]
)
def test_the_line_of_the_project_is_named(code, text, line):
    error = failure(code, text)
    assert f"see own.py:{line} in the project" in error.hint


def test_what_a_library_raises_is_placed_where_the_project_called_it(code, project):
    project.code(own="import json\ndef train():\n    return json.loads('{')\n")
    _, train = find_object("own:train", "[recipe] train")
    with pytest.raises(PackageError) as caught, project_errors("the recipe"):
        train()
    assert caught.value.hint == "see own.py:3 in the project"
    assert caught.value.message.startswith("the recipe raised JSONDecodeError: ")


def test_a_file_that_was_not_packaged_is_reported(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PackageError) as caught, project_errors("the recipe"):
        Path("data/rows.csv").read_text()
    assert "data/rows.csv is not packaged" in caught.value.hint
    with pytest.raises(PackageError) as caught, project_errors("the recipe"):
        Path("/nowhere/rows.csv").read_text()
    assert "not packaged" not in caught.value.hint


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES])
def test_a_place_where_it_may_not_write_is_reported(number):
    with pytest.raises(PackageError) as caught, project_errors("the recipe"):
        raise OSError(number, "refused", "/models/x")
    assert "it may write into its working directory and the temporary folder only" in (
        caught.value.hint
    )


def test_an_error_of_ours_behind_a_librarys_stays_as_it_was():
    ours = PackageError("the network is blocked", "bring the file")
    for wrap in (lambda: _raise_from(ours), lambda: _raise_while(ours)):
        with pytest.raises(PackageError) as caught, project_errors("the recipe"):
            wrap()
        assert caught.value is ours


def _raise_from(cause: Exception) -> None:
    raise RuntimeError("wrapped") from cause


def _raise_while(cause: Exception) -> None:
    try:
        raise cause
    except PackageError:
        raise RuntimeError("while handling")  # noqa: B904


def test_errors_that_cause_each_other_in_a_circle_end():
    one, other = ValueError("one"), ValueError("other")
    one.__cause__, other.__cause__ = other, one
    with pytest.raises(PackageError, match="raised ValueError: one"), project_errors("it"):
        raise one


@pytest.mark.parametrize("traced", [True, False])
def test_an_exit_is_an_error_and_a_traceback_is_written_if_wanted(capsys, traced):
    with pytest.raises(PackageError, match="the recipe raised SystemExit"):  # noqa: SIM117
        with project_errors("the recipe", traced=traced):
            raise SystemExit
    assert ("Traceback" in capsys.readouterr().err) is traced


def test_a_message_that_cannot_be_made_and_a_huge_one_are_errors_of_the_model_too():
    class SilentError(Exception):
        def __str__(self):
            raise RuntimeError

    with pytest.raises(PackageError) as caught, project_errors("the model"):
        raise SilentError
    assert caught.value.message == "the model raised SilentError, whose message raised RuntimeError"
    with pytest.raises(PackageError) as caught, project_errors("the model", traced=False):
        raise ValueError("x" * 1_000_000)
    assert len(caught.value.message) < 2 * MAX_MESSAGE
