"""Credentials that look real, and the code of a project with them."""

from __future__ import annotations

from pathlib import Path

from host_samples import write_project

from packager.project.code_files import read_code
from packager.project.config import load_project

KEY = "-----BEGIN PRIVATE KEY-----\n" + "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj" * 2 + "\n"


TOKEN = "AKIA" + "Q3EGZ7XN2WBLT5KD"


GIVEN = """\
[package]
name = "given"
version = "1"
task = "regression"
[model]
path = "%s"
"""


def sorted_code(folder: Path, changes):
    return read_code(load_project(write_project(folder, changes)))
