"""``package data fingerprint`` and ``diff`` as a user runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


@pytest.fixture
def tables(tmp_path: Path) -> tuple[Path, Path, Path]:
    """A table, the same rows in another order and form, and other rows."""
    paths = tmp_path / "a.csv", tmp_path / "b.csv", tmp_path / "c.csv"
    texts = "k,v\n1,x\n2,y\n", 'k,v\n2,"y"\n1,x\n', "k,v\n1,z\n3,y\n"
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text)
    return paths


def test_a_fingerprint_of_json_stands_for_its_table(run, tables, tmp_path):
    one, other, _ = tables
    (tmp_path / "a.json").write_text(run("data", "fingerprint", one, "--json")[1])
    assert run("data", "diff", tmp_path / "a.json", other, "--exit-code")[0] == 0


def test_the_order_of_rows_changes_one_line_of_a_fingerprint(run, tables):
    shown = [run("data", "fingerprint", path)[1].splitlines() for path in tables[:2]]
    changed = [one.split()[0] for one, other in zip(*shown, strict=True) if one != other]
    assert changed == ["in", "file"]


@pytest.mark.slow
def test_a_difference_is_an_exit_code_only_where_it_is_requested(run, tables):
    one, _, third = tables
    assert run("data", "diff", one, third)[0] == 0
    assert run("data", "diff", one, third, "--exit-code")[0] == 1


@pytest.mark.slow
def test_keys_tell_changed_rows_from_new_ones(run, tables):
    one, _, third = tables
    code, out, _ = run("data", "diff", one, third, "--key-columns", "k,")
    assert code == 0
    assert "1 added, 1 removed, 1 changed" in out
    assert json.loads(run("data", "diff", one, third, "--key-columns", "k", "--json")[1])


def test_a_key_that_is_no_column_is_refused(run, tables):
    code, _, err = run("data", "diff", tables[0], tables[2], "--key-columns", "id")
    assert code == 2
    assert "id" in err
