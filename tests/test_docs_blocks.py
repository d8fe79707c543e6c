"""Each block of the documentation is run by a test, or says why not; all are well-formed."""

from __future__ import annotations

import json
import os
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import typer
import yaml
from command import PACKAGE, package_here
from docs_blocks import BLOCKS, SHELL, TOP, Block, has_commands, named_tests, of
from docs_commands import OF_PAGES, commands

from packager.cli.commands import app

PROGRAM: Any = typer.main.get_command(app)
RUN = {
    "README.md": "tests/test_readme.py",
    "docs/tutorial.md": "tests/test_tutorial.py",
    "docs/ci.md": "tests/test_ci_docs.py",
    "docs/data.md": "tests/test_docs_blocks.py",
    "docs/labels.md": "tests/test_docs_blocks.py",
    "docs/clients.md": "tests/serving/test_docs_clients.py",
    "docs/protocols.md": "tests/serving/test_docs_clients.py",
    "docs/solutions-testing.md": "tests/packager/testing/test_release_shares.py",
    **dict.fromkeys(OF_PAGES, "tests/test_docs_commands.py"),
    **dict.fromkeys(
        (f"docs/{name}.md" for name in ("monitoring", "serving", "shadow", "try-page")),
        "tests/test_docs_served.py",
    ),
}
"""Page → the test that runs its blocks of commands."""


def called(line: str) -> list[str] | None:
    """The arguments of ``package`` on a line of a shell; None if it calls something else.

    Redirections, pipes and variables of the shell are left out or replaced by a word.
    """
    line = re.sub(r"^(\$ )?(\w+=\S+ )*", "", line.strip())
    line = re.sub(r"\$\{\w+:\+([^}]*)\}", r"\1", line)
    if not line.startswith("package ") or re.search(r"\$\{?ON|\"\$@\"|\\$", line):
        return None
    line = re.split(r" #| \|\|? | && | &$|; | \d?>{1,2} ?\S", line)[0]
    return shlex.split(re.sub(r"\$\{?\w+\}?", "WORD", line))[1:]


def refused(words: list[str]) -> str:
    """Why the command line doesn't take these arguments; empty if it does."""
    command, path = PROGRAM, "package"
    while words and words[0] in getattr(command, "commands", {}):
        path += f" {words[0]}"
        command, words = command.commands[words[0]], words[1:]
    if "--help" in words or "--version" in words:
        return ""
    try:
        command.make_context(path, words)
    except typer.Exit:
        return ""
    except Exception as error:
        return f"{path}: {getattr(error, 'message', '') or type(error).__name__}"
    return ""


def test_the_command_line_takes_every_command_of_a_block() -> None:
    """With its arguments, choices and numbers: what ``test_docs.py`` doesn't see."""
    wrong = {
        f"{block.page}:{block.line}: {line}": why
        for block in of(*SHELL)
        for line in block.text.splitlines()
        if (words := called(line)) is not None and (why := refused(words))
    }
    assert wrong == {}


def test_every_page_with_commands_is_run() -> None:
    assert {block.page for block in BLOCKS if has_commands(block)} == RUN.keys()
    assert [name for name in sorted({*RUN.values()}) if not (TOP / name).exists()] == []


@pytest.mark.parametrize("page", OF_PAGES)
def test_every_command_that_is_not_run_has_a_test_of_what_it_does(page: str) -> None:
    for start, why in OF_PAGES[page].absent.items():
        assert named_tests(why), f"{start}: {why}"


def test_every_reason_is_of_a_command() -> None:
    typed = {page: [*_typed(page)] for page in OF_PAGES}
    unused = [
        f"{page}: {start}"
        for page, its in OF_PAGES.items()
        for start in its.absent
        if not any(command.startswith(start) for command in typed[page])
    ]
    assert unused == []


def _typed(page: str) -> Iterator[str]:
    for block in BLOCKS:
        if block.page == page and has_commands(block):
            yield from commands(block.text)


@pytest.mark.parametrize("block", of("python"))
def test_python_compiles(block: Block) -> None:
    compile(block.text, f"{block.page}:{block.line}", "exec")


@pytest.mark.parametrize(
    "block", [one for one in BLOCKS if one.language in ("toml", "json", "yaml")]
)
def test_documents_can_be_read(block: Block) -> None:
    if block.language == "toml":
        tomllib.loads(block.text)
    elif block.language == "yaml":
        list(yaml.safe_load_all(block.text))
    else:
        json.loads(re.sub(r"…", "0", block.text))


def run(folder: Path, page: str, monkeypatch: pytest.MonkeyPatch, *without: str) -> int:
    """Run the commands of a page in a folder, in their order; how many ran.

    ``without``: beginnings of those that need something else. 1 is a negative answer.
    """
    monkeypatch.chdir(folder)
    count = 0
    for block in of(*SHELL):
        if block.page != page:
            continue
        for line in block.text.splitlines():
            words = called(line.replace("…", "a message"))
            if words is None or line.startswith(without):
                continue
            done = package_here(*words)
            assert done.code in (0, 1), f"{line}\n{done.err}"
            assert not re.search(r"^error:", done.err, re.MULTILINE), f"{line}\n{done.err}"
            if into := re.search(r" > (\S+)$", line):
                (folder / into[1]).write_text(done.out, encoding="utf-8")
            count += 1
    return count


def stones(rows: int, seed: int) -> pd.DataFrame:
    """A table with an id and numbers."""
    order = pd.Series(range(rows))
    return pd.DataFrame(
        {
            "id": order + 1000 * seed,
            "carat": (order * 7 % 50) / 20 + 0.2,
            "price": (order * 13 % 97) * 30.5 + 100 * seed,
        }
    )


@pytest.mark.slow
def test_the_commands_of_data_md_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for place, name in enumerate(("diamonds", "march", "april", "old")):
        stones(80 + 10 * place, place).to_csv(tmp_path / f"{name}.csv", index=False)
    stones(110, 3).assign(carat=1.5).to_csv(tmp_path / "new.csv", index=False)
    stones(110, 3).to_parquet(tmp_path / "new.parquet")
    np.savez(tmp_path / "digits.npz", image=np.zeros((9, 8, 8), np.uint8), digit=np.arange(9))
    (steps,) = [
        one.text for one in BLOCKS if one.page == "docs/data.md" and one.language == "python"
    ]
    (tmp_path / "steps.py").write_text(steps)
    (tmp_path / "join.py").write_text(
        "import sys, pandas as pd\n"
        "a, b, out = sys.argv[1:]\n"
        "pd.concat([pd.read_parquet(a), pd.read_parquet(b)]).to_parquet(out)\n"
    )
    (tmp_path / "train.py").write_text("def train(features, target, *, params, seed): ...\n")
    (tmp_path / "requirements.txt").write_text("pandas\n")
    (tmp_path / "package.toml").write_text(
        '[package]\nname = "stones"\nversion = "1"\ntask = "regression"\n'
        '[data]\nsource = "old.csv"\ntarget = "price"\n'
        '[recipe]\ntrain = "train:train"\n[requirements]\nfile = "requirements.txt"\n'
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{PACKAGE.parent}:{os.environ['PATH']}")
    for name in ("diamonds", "march", "april"):
        for table in ("raw", "diamonds"):
            added = package_here("data", "add", f"{name}.csv", "--table", table, "-m", name)
            assert added.code == 0, added.err
    assert run(tmp_path, "docs/data.md", monkeypatch) > 15


@pytest.mark.slow
def test_the_commands_of_labels_md_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {one.text for one in BLOCKS if one.page == "docs/labels.md"}
    (schemes,) = [text for text in texts if text.startswith("# schemes.toml")]
    (mapping,) = [text for text in texts if text.startswith("from,to")]
    (tmp_path / "schemes.toml").write_text(schemes + VERDICT)
    (tmp_path / "map.csv").write_text(mapping)
    table = stones(60, 1).drop(columns="price")
    table.to_csv(tmp_path / "parts.csv", index=False)
    for place, name in enumerate(("ann", "bob", "cy")):
        said = [("bad", "fair", "good")[(row + row // (7 + place)) % 3] for row in range(60)]
        given = pd.DataFrame({"id": table["id"], "label": said})
        if name == "cy":
            tasks = [exported(*row) for row in given.itertuples(index=False)]
            (tmp_path / "export.json").write_text(json.dumps(tasks))
        else:
            given.to_csv(tmp_path / f"{name}.csv", index=False)
    monkeypatch.chdir(tmp_path)
    table.head(50).to_csv(tmp_path / "before.csv", index=False)
    added = package_here("data", "add", "before.csv", "--table", "parts", "-m", "an earlier one")
    assert added.code == 0, added.err
    later = ("package test ", "package data revert ")
    assert run(tmp_path, "docs/labels.md", monkeypatch, *later) > 12
    package_here("data", "add", "before.csv", "--table", "parts", "-m", "the newest")
    reverted = package_here("data", "revert", "parts", "6")
    assert reverted.code == 0, reverted.err


def exported(key: int, label: str) -> dict[str, Any]:
    """A task as Label Studio exports it."""
    result = [{"from_name": "quality", "type": "choices", "value": {"choices": [label]}}]
    by = {"email": "cy@example.com"}
    return {"data": {"id": key}, "annotations": [{"completed_by": by, "result": result}]}


VERDICT = '\n[verdict]\nclasses = ["reject", "accept"]\n'


def test_shell_is_left_out_of_commands() -> None:
    assert called('$ A=1 package build "$project" --json > out.json') == ["build", "WORD", "--json"]
    assert called("package serve x &") == ["serve", "x"]
    assert called("package test REF --data a.csv   # why") == ["test", "REF", "--data", "a.csv"]
    assert called("docker run x") is None
    assert refused(["build", "--builder", "nothing"]).startswith("package build: ")
    assert refused(["data", "revert", "a", "b"]) != ""
    assert refused(["data", "revert", "a", "1"]) == ""
