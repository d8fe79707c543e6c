"""Every environment variable of the server is documented, and ``package serve`` passes it on."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import pytest

from packager.run import serve_settings

TOP = Path(__file__).parent.parent
NAME = re.compile(r"MODEL_[A-Z0-9_]+")
ROOMS = ("modelhost", "packager", "serving", "monitoring")
INTERNAL = {
    "MODEL_CHILD_GIVEN": "the descriptor of what a child of the worker is given",
    "MODEL_CONFINEMENT": "the confinement that a process already has",
    "MODEL_FEEDBACK_KEY_FD": "the descriptor of a temporary key",
    "MODEL_PINNED_ISA": "the environment of this process is pinned",
    "MODEL_COMPILED_CHECK_DIR": "the folder of the checker's socket",
}
"""Internal: set only by one process of the product for another."""
OF_COMPOSE = {"MODEL_MEMORY", "MODEL_RESERVATION"}
"""Variables of generated files, which Compose and Docker read."""
CHOSEN_BY_SERVE = {"MODEL_ROOT", "MODEL_HOST", "MODEL_PORT"}


def read_by_code(*rooms: str) -> set[str]:
    """The variables that modules name, each as a string of its own."""
    return {name for room in rooms or ROOMS for name in _read_in(room)}


@functools.cache
def _read_in(room: str) -> frozenset[str]:
    return frozenset(
        node.value
        for file in (TOP / room).rglob("*.py")
        if NAME.search(text := file.read_text(encoding="utf-8"))
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and NAME.fullmatch(node.value)
    )


def documented(*pages: str) -> set[str]:
    """The names in pages of the documentation."""
    texts = [(TOP / "docs" / page).read_text(encoding="utf-8") for page in pages]
    return {name for text in texts for name in NAME.findall(text)}


@pytest.mark.slow
def test_every_variable_that_the_code_reads_is_documented() -> None:
    pages = [page.name for page in (TOP / "docs").glob("*.md")]
    assert read_by_code() - INTERNAL.keys() - documented("../README.md", *pages) == set()


def test_the_tables_of_settings_are_complete() -> None:
    served = read_by_code("serving") - INTERNAL.keys()
    rows = re.findall(
        r"^\| (.*?) \|",
        "\n".join(
            (TOP / "docs" / page).read_text("utf-8") for page in ("serving.md", "monitoring.md")
        ),
        re.MULTILINE,
    )
    tabled = {name for row in rows for name in NAME.findall(row)}
    assert served - {"MODEL_ROOT"} == tabled & served
    assert tabled <= served


def test_no_page_names_a_variable_that_nothing_reads() -> None:
    pages = [page.name for page in (TOP / "docs").glob("*.md")]
    assert documented(*pages) - read_by_code() - OF_COMPOSE == set()


@pytest.mark.slow
def test_internal_variables_exist() -> None:
    assert INTERNAL.keys() <= read_by_code()


def test_package_serve_passes_every_setting_of_the_server_on() -> None:
    passed = {*serve_settings.VALUE_VARIABLES, *serve_settings.FILE_VARIABLES}
    passed |= {serve_settings.STATE_VARIABLE, serve_settings.LOG_VARIABLE}
    assert passed == read_by_code("serving") - INTERNAL.keys() - CHOSEN_BY_SERVE
