"""``package data …`` as a user runs it."""

import json

import pytest
from typer.testing import CliRunner

from packager.cli.commands import app
from packager.cli.named_command import named_command
from packager.errors import UsageError


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(*words, code=0):
        named = named_command(app, ["data", *words])
        done = CliRunner().invoke(named, ["data", *words])
        if isinstance(done.exception, UsageError):
            raise done.exception
        assert done.exit_code == code, done.output
        return done.stdout

    return run


@pytest.mark.slow
def test_a_table_from_first_to_last(run, tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1,x\n2,y\n")
    (tmp_path / "u.csv").write_text("a,b\n1,x\n3,z\n")
    (tmp_path / "steps.py").write_text("def same(t):\n    return t\n")
    assert run("add", "t.csv", "-m", "first") == "version 1: 2 rows, the first version\n"
    added = json.loads(run("add", "u.csv", "--table", "t", "-m", "second", "--json"))
    assert (added["version"], added["compared_with"]) == (2, 1)
    assert (tmp_path / ".pkgdata" / "t" / "_delta_log").is_dir()
    assert run("revert", "t", "1") == "version 3: the content of version 1\n"
    log = json.loads(run("log", "t", "--json"))
    assert [(v["number"], v["operation"], v["message"]) for v in log] == [
        (3, "revert", "reverted to version 1"),
        (2, "add", "second"),
        (1, "add", "first"),
    ]
    assert "revert to 1" in run("log", "t").splitlines()[1]
    assert run("derive", "d", "--parent", "t", "--step", "steps:same") == "version 1: computed\n"
    assert "d@1  ← steps:same" in run("lineage", "t", "--svg", "l.svg")
    assert "<svg" in (tmp_path / "l.svg").read_text()
    assert "version 3 is kept: among the newest; table d" in run("gc", "t")
    assert run("checkout", "t@2", "--output", "o.parquet") == "o.parquet\n"
    assert "equal: the same 2 rows" in run("diff", "o.parquet", "u.csv", "--exit-code")
    assert "1 added, 1 removed, 0 changed" in run("diff", "t@2", "t@3", "--exit-code", code=1)
    assert json.loads(run("fingerprint", "t@2", "--json"))["row_count"] == 2
    assert run("fingerprint", "t.csv").startswith("rows      2\n")


def test_a_project_that_can_not_be_read_does_not_hide_what_was_committed(run, tmp_path):
    (tmp_path / "t.csv").write_text("a\n1\n")
    (tmp_path / "package.toml").write_text("[package")
    assert run("add", "t.csv", "-m", "m") == "version 1: 1 rows, the first version\n"


@pytest.mark.slow
def test_wrong_words_are_reported(run, tmp_path):
    (tmp_path / "t.csv").write_text("a\n1\n")
    run("add", "t.csv", "-m", "m")
    with pytest.raises(UsageError, match="expected a table without a version"):
        run("log", "t@1")
    with pytest.raises(UsageError, match="expected one of --step and --command"):
        run("derive", "d", "--parent", "t")
    with pytest.raises(UsageError, match="expected NAME=VALUE"):
        run("derive", "d", "--parent", "t", "--step", "s:t", "--param", "x")
    with pytest.raises(UsageError, match="expected at least 1 version, got 0"):
        run("gc", "t", "--keep-last", "0")
