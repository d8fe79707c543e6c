"""The fenced blocks of the documentation."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

TOP = Path(__file__).parents[2]
PAGES = [
    *sorted(TOP.glob("*.md")),
    *sorted((TOP / "docs").rglob("*.md")),
    *sorted((TOP / "examples").glob("*/README.md")),
]
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```", re.DOTALL | re.MULTILINE)
"""A block, indented in a list."""
SHELL = ("sh", "bash", "console", "")
PROGRAMS = "package|docker|curl|pip|make|kubectl|cosign|skopeo|trivy|promtool"
GENERATED = "docs/reference/"
"""Their blocks are forms of use, which tests/test_reference_docs.py compares with the code."""


class Block(NamedTuple):
    """A fenced block."""

    page: str
    line: int
    language: str
    text: str


def blocks() -> Iterator[Block]:
    """Every block of every page but the generated ones."""
    for page in PAGES:
        name, text = page.relative_to(TOP).as_posix(), page.read_text(encoding="utf-8")
        if not name.startswith(GENERATED):
            for found in FENCE.finditer(text):
                line = text[: found.start()].count("\n") + 1
                yield Block(name, line, found[2], textwrap.dedent(found[3]))


BLOCKS = list(blocks())


def of(*languages: str) -> list[Block]:
    """The blocks of these languages."""
    return [block for block in BLOCKS if block.language in languages]


def has_commands(block: Block) -> bool:
    """Whether a block is of commands that somebody types."""
    return block.language in SHELL and any(
        re.match(
            rf"(\$ )?(\w+=\S+ )*({PROGRAMS}) ",
            line,
        )
        for line in block.text.splitlines()
    )


def named_tests(text: str) -> list[str]:
    """The tests, ``tests/FILE.py::NAME``, that a text names; each has to exist."""
    named = re.findall(r"(tests/[\w/]+\.py)::(\w+)", text)
    for path, name in named:
        assert f"def {name}(" in (TOP / path).read_text(encoding="utf-8"), f"{path}::{name}"
    return [f"{path}::{name}" for path, name in named]
