from __future__ import annotations

import pytest
from requirement_formats import wanted

from packager.environment.formats import values
from packager.errors import UsageError


@pytest.mark.parametrize(
    ("read", "wrong", "said"),
    [
        (values.table, [], "expected a table, got []"),
        (values.items, {}, "expected a list, got {}"),
        (values.text, 1, "expected a text, got 1"),
        (values.text, "a\n--no-binary x", "expected a text, got 'a\\n--no-binary x'"),
        (values.texts, [None], "expected a text, got None"),
        (values.tables, [1], "expected a table, got 1"),
    ],
)
def test_a_value_of_another_type_is_named_with_its_key(read, wrong, said: str):
    with pytest.raises(UsageError) as caught:
        read(wrong, "a.b", "x.toml")
    assert caught.value.message == f"x.toml: `a.b`: {said}"


@pytest.mark.parametrize("read", [values.table, values.items, values.texts, values.tables])
def test_an_absent_value_is_empty(read):
    assert not read(None, "a", "x.toml")


def test_credentials_in_an_address_are_not_shown():
    assert values.display("a @ https://user:secret@h/a") == "'a @ https://***@h/a'"


def test_a_file_beyond_the_bound_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(values, "MAX_BYTES", 3)
    (tmp_path / "uv.lock").write_text("a = 1")
    with pytest.raises(UsageError, match=r"uv\.lock: expected at most 3 bytes, got 5"):
        values.read_toml(tmp_path / "uv.lock", tmp_path)


def test_a_pyproject_beside_the_requirements_is_asked_for_its_python(tmp_path):
    file = tmp_path / "pyproject.toml"
    values.check_python_of(tmp_path, wanted())
    file.write_text('[project]\nrequires-python = ">=3.9"\n')
    values.check_python_of(tmp_path, wanted())
    file.write_text('[project]\nrequires-python = "<3.10"\n')
    with pytest.raises(UsageError, match=r"Python 3\.11, got one for Python <3\.10") as caught:
        values.check_python_of(tmp_path, wanted())
    assert "`package base --release bookworm` makes one with 3.11" in (caught.value.hint or "")
