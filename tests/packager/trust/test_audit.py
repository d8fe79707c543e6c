"""What an audit of a file and of a project finds, without running anything of it."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from packager.project.config import load_project
from packager.trust.audit import audit_file, audit_project, denied
from packager.trust.licences import Licence
from tests.support.hostile_pickles import Touch

TOML = """
[package]
name = "p"
version = "1.0.0"
task = "regression"

[model]
path = "model/m.pkl"

[serve]
pickle_allow = ["os.getcwd"]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "p" / "model").mkdir(parents=True)
    (tmp_path / "p" / "package.toml").write_text(TOML)
    (tmp_path / "p" / "requirements.txt").write_text("joblib\n")
    (tmp_path / "p" / "model" / "m.pkl").write_bytes(b"cos\ngetcwd\n)R.")
    return tmp_path / "p"


def test_a_file_is_judged_by_names(tmp_path: Path) -> None:
    path = tmp_path / "m.pkl"
    path.write_bytes(pickle.dumps(Touch(tmp_path / "canary")))
    found = audit_file(path)
    assert [(one.part, one.place) for one in found.findings] == [("pickles", "m.pkl")]
    assert "calls posix.system, which is of the standard library" in found.findings[0].what
    assert not (tmp_path / "canary").exists()
    path.write_bytes(b"csklearn.svm._classes\nSVC\n)\x81.")
    assert audit_file(path).clean
    path.write_bytes(b"clibrary\nModel\n)\x81.")
    assert [one.what for one in audit_file(path).skipped] == [
        "library.Model is of a library that is unknown here"
    ]
    path.write_bytes(b"clibrary\nmake\n)R.")
    assert not audit_file(path).clean
    assert audit_file(path, ["library.make"]).clean


def test_a_project_allows_its_own_names_and_needs_a_lock(project: Path) -> None:
    found = audit_project(load_project(project))
    assert found.findings == []
    assert [(one.part, one.place, one.what) for one in found.skipped] == [
        ("licences", "package.lock", "is not there")
    ]


def test_secrets_are_named_with_their_line_also_where_a_build_leaves_the_file_out(
    project: Path,
) -> None:
    (project / "left.py").write_text("x = 1\nTOKEN = 'ghp_" + "a1B2" * 9 + "'\n")
    (project / "kept.py").write_text("SID = 'AC" + "0123456789abcdef" * 2 + "'\n")
    found = {one.place: one for one in audit_project(load_project(project)).findings}
    assert found["left.py"].what == "line 2 holds a GitHub token"
    assert found["kept.py"].what == "line 1 holds a secret of the kind Twilio API Key"
    assert all(one.hint.startswith("rotate it") for one in found.values())


def test_a_pickle_in_the_code_is_audited(project: Path) -> None:
    content = pickle.dumps(Touch(project / "canary"))
    (project / "encoder.bin").write_bytes(content)
    found = audit_project(load_project(project)).findings
    assert [(one.part, one.place) for one in found] == [("pickles", "encoder.bin")]


@pytest.mark.parametrize(
    ("kind", "name", "deny", "hit"),
    [
        ("expression", "MIT OR GPL-2.0-only", "GPL-*", None),
        ("expression", "MIT AND GPL-2.0-only", "GPL-*", "GPL-*"),
        ("expression", "GPL-2.0-only OR AGPL-3.0-only", "*GPL-*", "*GPL-*"),
        ("expression", "(MIT OR X) AND gpl-3.0-or-later", "GPL-*", "GPL-*"),
        ("classifier", "BSD License", "bsd*", "bsd*"),
        ("text", "MIT", "GPL-*", None),
        ("none", "", "GPL-*", None),
    ],
)
def test_a_denied_licence_is_one_that_can_not_be_left(
    kind: str, name: str, deny: str, hit: str | None
) -> None:
    assert denied(Licence(kind, (name,) if name else ()), [deny]) == hit  # type: ignore[arg-type]
