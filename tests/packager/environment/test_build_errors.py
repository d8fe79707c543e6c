"""What a failed build's output says about its cause."""

from __future__ import annotations

import pytest

from packager.environment.build_errors import build_failure
from packager.exit_reason import ExitReason


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("error: command 'gcc' failed: No such file or directory", "the base has no compiler"),
        ("error: command 'x86_64-linux-gnu-g++' failed with exit code 1", "no compiler"),
        ("../meson.build:1:0: ERROR: Unknown compiler(s): [['cc'], ['gcc']]", "no compiler"),
        ("error: [Errno 2] No such file or directory: 'x86_64-linux-gnu-gcc'", "no compiler"),
        ("SystemExit: own reason", "`pip wheel` of it"),
        ("error: can't find Rust compiler", "no compiler"),
        ("CMake Error: CMAKE_C_COMPILER not set, after EnableLanguage", "no compiler"),
        ("ModuleNotFoundError: No module named 'numpy.distutils'", "it imports numpy while"),
        ("LookupError: setuptools-scm was unable to detect version for /work", "from git"),
        ("socket.gaierror: [Errno -3] Temporary failure in name resolution", "has no network"),
        ("PermissionError: [Errno 13] Permission denied: '/root/x'", "its own folder only"),
    ],
)
def test_the_hint_fits_the_cause(line: str, hint: str):
    error = build_failure("./x", "backend", ExitReason(1, output=("Building", line, "")))
    assert error.message == f"./x: its build backend backend ended with exit code 1: {line}"
    assert hint in error.hint


def test_a_killed_build_says_so():
    error = build_failure("./x", "backend", ExitReason(-9, out_of_memory=True))
    assert error.message.endswith("ended with signal SIGKILL: out of memory")
    assert "memory" in error.hint


def test_a_backend_of_rust_that_fetches_a_compiler_has_none():
    line = "httpx.ConnectError: [Errno -3] Temporary failure in name resolution"
    assert "no compiler" in build_failure("./x", "maturin", ExitReason(1, output=(line,))).hint


def test_the_cause_is_shown_rather_than_the_last_line():
    said = ("error: Multiple top-level packages discovered in a flat-layout: ['data', 'own'].",
            "To find more information, look for package discovery on setuptools docs.")  # fmt: skip
    error = build_failure("./x", "setuptools.build_meta", ExitReason(1, output=said))
    assert error.message.endswith(f"exit code 1: {said[0]}")
    assert 'packages = ["NAME"]' in error.hint
