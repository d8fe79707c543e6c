"""What ``make release`` refuses, and the bill of materials that it writes."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

TOP = Path(__file__).parent.parent
SCRIPTS = TOP / "scripts"
PROJECT = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def part(monkeypatch: pytest.MonkeyPatch, name: str) -> ModuleType:
    monkeypatch.syspath_prepend(SCRIPTS)
    return importlib.import_module(f"release_parts.{name}")


@pytest.fixture
def rules(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return part(monkeypatch, "rules")


def test_the_changelog_begins_with_the_version_of_the_project(rules: ModuleType) -> None:
    text = (TOP / "CHANGELOG.md").read_text(encoding="utf-8")
    version = PROJECT["version"]
    assert rules.version_faults(version) == []
    assert rules.changelog_faults(text, version, rehearsal=True) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("# Changelog\n", "expected a heading `## VERSION (DATE)`, got none"),
        ("## 1.1.0 (2026-12-01)\n## 1.0.0 (2026-11-01)\n", "as the newest heading, got 1.1.0"),
        ("## Unreleased\n## 1.0.0 (2026-11-01)\n", "as the newest heading, got Unreleased"),
        ("## 1.0.0 (unreleased)\n", "expected `## 1.0.0 (YYYY-MM-DD)`, got unreleased"),
        ("## 1.0.0\n", "expected `## 1.0.0 (YYYY-MM-DD)`, got no date"),
    ],
)
def test_a_heading_that_is_no_release(rules: ModuleType, text: str, fault: str) -> None:
    (found,) = rules.changelog_faults(text, "1.0.0", rehearsal=False)
    assert found.endswith(fault)
    assert rules.changelog_faults("## 1.0.0 (2026-12-01)\n", "1.0.0", rehearsal=False) == []


@pytest.mark.parametrize("version", ["1.0", "01.0.0", "1.0.0+local", "one"])
def test_a_version_that_is_none(rules: ModuleType, version: str) -> None:
    faults = rules.version_faults(version)
    assert (faults == []) == (version == "1.0")


def test_a_tree_with_changes_and_a_tag_that_exists(rules: ModuleType) -> None:
    faults = rules.tree_faults(" M a.py\n?? b c\n", ["v1.0.0"], "1.0.0", rehearsal=False)
    assert faults == [
        "expected a clean tree, got changes in a.py, b c",
        "expected a new version, got 1.0.0: the tag v1.0.0 exists",
    ]
    assert rules.tree_faults("", ["v0.9.0"], "1.0.0", rehearsal=False) == []
    assert rules.tree_faults("", ["v1.0.0"], "1.0.0", rehearsal=True) == []


def tracked(rules: ModuleType) -> list[str]:
    return subprocess.run(
        ["git", "ls-files", "--", *rules.ROOMS], cwd=TOP, capture_output=True, text=True, check=True
    ).stdout.split("\n")[:-1]


def test_what_a_wheel_holds(rules: ModuleType) -> None:
    ours = tracked(rules)
    licence = "model_packager-1.0.0.dist-info/licenses/LICENSE"
    right = [*ours, *rules.NEEDED, licence]
    assert rules.wheel_faults(right, ours) == []
    wrong = [*(name for name in right if name != "packager/py.typed"), "tests/test_x.py",
             "packager/.env"]  # fmt: skip
    assert rules.wheel_faults(wrong, ours) == [
        "wheel: packager/py.typed is missing",
        "wheel: packager/.env does not belong there",
        "wheel: tests/test_x.py does not belong there",
        "wheel: packager/.env looks like a cache, a test or a secret",
        "wheel: tests/test_x.py looks like a cache, a test or a secret",
    ]
    assert rules.wheel_faults(right[:-1], ours) == ["wheel: no licence"]


def test_what_an_sdist_holds(rules: ModuleType) -> None:
    ours = tracked(rules)
    assert rules.sdist_faults([*ours, *rules.OF_SDIST], ours) == []
    faults = rules.sdist_faults([*ours, *rules.OF_SDIST[1:], "id_rsa"], ours)
    assert faults == [
        "sdist: CHANGELOG.md is missing",
        "sdist: id_rsa does not belong there",
        "sdist: id_rsa looks like a cache, a test or a secret",
    ]


METADATA = b"""\
Metadata-Version: 2.4
Name: model-packager
Version: 1.0.0
Summary: It.
License-Expression: Apache-2.0
Keywords: a,b
Classifier: Typing :: Typed
Requires-Python: >=3.11
Description-Content-Type: text/markdown

# It
"""


def test_metadata(rules: ModuleType) -> None:
    assert rules.metadata_faults(METADATA, "1.0.0") == []
    assert rules.metadata_faults(METADATA, "1.0.1") == [
        "metadata: expected version 1.0.1, got 1.0.0"
    ]
    lacking = METADATA.replace(b"Keywords: a,b\n", b"").replace(b"text/markdown", b"text/plain")
    assert rules.metadata_faults(lacking, "1.0.0") == [
        "metadata: expected a field keywords, got none",
        "metadata: expected a description in text/markdown, got text/plain",
    ]
    (fault,) = rules.metadata_faults(METADATA.replace(b"Apache-2.0", b"Apache 2"), "1.0.0")
    assert "license-expression" in fault


def test_the_bill_lists_what_the_program_requires(monkeypatch: pytest.MonkeyPatch) -> None:
    bill = part(monkeypatch, "bill")
    texts = [
        METADATA.decode().replace("\n\n", "\nRequires-Dist: Needed_One>=1\n\n", 1),
        "Name: needed-one\nVersion: 2\nRequires-Dist: deeper; python_version > '3'\n\n",
        "Name: deeper\nVersion: 3\nLicense-Expression: MIT\n\n",
        "Name: pip\nVersion: 26\n\n",
    ]
    content = bill.bill(texts, "model_packager-1.0.0-py3-none-any.whl", "0" * 64, "3.11")
    document = json.loads(content)
    assert document["specVersion"] == "1.6"
    assert document["metadata"]["component"]["version"] == "1.0.0"
    assert {one["name"] for one in document["components"]} == {"needed-one", "deeper"}
    edges = {one["ref"]: one.get("dependsOn", []) for one in document["dependencies"]}
    assert edges["model-packager@1.0.0"] == ["needed-one@2"]
    assert edges["needed-one@2"] == ["deeper@3"]
    again = bill.bill(texts, "model_packager-1.0.0-py3-none-any.whl", "0" * 64, "3.11")
    assert again == content


def test_the_pins_of_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    installed = part(monkeypatch, "installed")
    lock = "a==1 \\\n    --hash=sha256:00\nb-c==2.0 ; sys_platform == 'linux' \\\n    --hash=x\n"
    assert installed.pins_of(lock) == "a==1\nb-c==2.0 ; sys_platform == 'linux'\n"


@pytest.mark.long
@pytest.mark.network
def test_a_rehearsal_in_a_clone_writes_what_the_page_lists(tmp_path: Path) -> None:
    """On one version of Python and without the demo, which ``make demo`` and its tests run."""
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", TOP, clone], check=True)
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    words = ("--rehearsal", "--no-demo", "--python", python)
    done = subprocess.run(
        [sys.executable, "scripts/release.py", *words], cwd=clone, capture_output=True, text=True,
        check=False, env={**os.environ, "PYTHONPATH": str(clone)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    written = sorted(path.name for path in (clone / "dist").iterdir())
    version = PROJECT["version"]
    names = ("SHA256SUMS", ".cdx.json", "-py3-none-any.whl", ".tar.gz")
    assert all(any(name.endswith(end) for name in written) for end in names), written
    sums = (clone / "dist" / "SHA256SUMS").read_text().splitlines()
    assert [line.split()[1] for line in sums] == [name for name in written if version in name]
