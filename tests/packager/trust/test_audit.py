"""What an audit of a file and of a project finds, without running anything of it."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from host_samples import MANIFEST
from sbom_samples import FIT, WHEEL_FILES, info, opened_package
from trust_samples import layer_of

from packager.environment.lock import LockFile
from packager.image.layers import Layer
from packager.manifest.base import FileEntry
from packager.project.config import load_project
from packager.trust import audit
from packager.trust.audit import audit_file, audit_project, audit_reference, denied
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


@pytest.mark.slow
def test_long_texts_are_searched_for_secrets_and_longer_ones_are_said_to_be_skipped(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = f"ghp_{'aB3' * 12}"
    (project / "long.txt").write_text("a line of a text\n" * 100_000 + token)
    audited = audit_project(load_project(project))
    found = [(one.part, one.location) for one in audited.findings if one.part == "secrets"]
    assert found == [("secrets", "long.txt")]
    (project / "data.bin").write_bytes(bytes(10))
    assert (
        "; 1 binary files by their names" in audit_project(load_project(project)).scanned["secrets"]
    )
    monkeypatch.setattr(audit, "MAX_TEXT", 1000)
    skipped = [one for one in audit_project(load_project(project)).skipped if one.part == "secrets"]
    assert [one.location for one in skipped] == ["long.txt"]
    assert "is a text of more than 1,000 bytes, which was not searched" in skipped[0].what


def test_a_file_is_judged_by_names(tmp_path: Path) -> None:
    path = tmp_path / "m.pkl"
    path.write_bytes(pickle.dumps(Touch(tmp_path / "canary")))
    found = audit_file(path)
    assert [(one.part, one.location) for one in found.findings] == [("pickles", "m.pkl")]
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
    assert [(one.part, one.location, one.what) for one in found.skipped] == [
        ("licences", "package.lock", "is not there")
    ]


def test_secrets_are_named_with_their_line_also_where_a_build_leaves_the_file_out(
    project: Path,
) -> None:
    (project / "left.py").write_text("x = 1\nTOKEN = 'ghp_" + "a1B2" * 9 + "'\n")
    (project / "kept.py").write_text("SID = 'AC" + "0123456789abcdef" * 2 + "'\n")
    found = {one.location: one for one in audit_project(load_project(project)).findings}
    assert found["left.py"].what == "line 2 holds a GitHub token"
    assert found["kept.py"].what == "line 1 holds a secret of the kind Twilio API Key"
    assert all(one.hint.startswith("rotate it") for one in found.values())


def test_a_pickle_in_the_code_is_audited(project: Path) -> None:
    content = pickle.dumps(Touch(project / "canary"))
    (project / "encoder.bin").write_bytes(content)
    found = audit_project(load_project(project)).findings
    assert [(one.part, one.location) for one in found] == [("pickles", "encoder.bin")]


def test_a_packages_licences_are_those_of_its_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODEL_PACKAGER_CACHE", str(tmp_path / "empty"))
    with opened_package(tmp_path) as reference:
        found = audit_reference(reference)
        assert found.licences == {"fit-it-1.0": "MIT", "web-1.0": "BSD License"}
        assert found.clean
        (denied_one,) = audit_reference(reference, deny=["bsd*"]).findings
    assert (denied_one.part, denied_one.location) == ("licences", "web-1.0")


def test_a_wheel_whose_licence_the_image_does_not_state_is_a_finding(tmp_path: Path) -> None:
    files = {name: text for name, text in WHEEL_FILES.items() if not name.startswith(info(FIT))}
    with opened_package(tmp_path, wheels=files) as reference:
        found = audit_reference(reference)
    assert found.licences == {"web-1.0": "BSD License"}
    (one,) = found.findings
    assert one.part == "licences"
    assert "fit-it 1.0: expected its METADATA in the image" in one.what


def test_what_a_package_allows_itself_is_a_finding_until_the_auditor_allows_it(
    tmp_path: Path,
) -> None:
    serve = MANIFEST.serve.model_copy(update={"pickle_allow": ("os.getcwd",)})
    with opened_package(tmp_path, serve=serve, model=b"cos\ngetcwd\n)R.") as reference:
        (one,) = audit_reference(reference).findings
        allowed = audit_reference(reference, ["os.getcwd"])
    assert (one.part, one.location, one.what) == (
        "pickles",
        "os.getcwd",
        "is allowed by the package",
    )
    assert one.hint == "if you trust it, add --allow os.getcwd"
    assert allowed.clean


def test_a_hostile_model_of_a_package_is_found(tmp_path: Path) -> None:
    content = pickle.dumps(Touch(tmp_path / "canary"))
    with opened_package(tmp_path / "p", model=content) as reference:
        (one,) = audit_reference(reference).findings
    assert (one.part, one.location) == ("pickles", "models/model")
    assert "calls posix.system" in one.what
    assert not (tmp_path / "canary").exists()


def test_a_layer_is_audited_by_its_paths_whatever_its_name_is(tmp_path: Path) -> None:
    content = pickle.dumps(Touch(tmp_path / "canary"))

    def added(folder: Path) -> list[Layer]:
        files = {"models/model": content, "code/helper.bin": content}
        return [layer_of(folder, "anything", files)]

    with opened_package(tmp_path / "p", added=added) as reference:
        found = audit_reference(reference).findings
    pickles = {one.location for one in found if one.part == "pickles"}
    assert pickles == {"models/model", "code/helper.bin"}
    files = {one.location: one.what for one in found if one.part == "files"}
    assert {"/code", "/models", "code file helper.bin", "file /code/helper.bin"} <= files.keys()
    assert files["model file model"].startswith("expected ")
    assert not (tmp_path / "canary").exists()


def test_what_differs_elsewhere_in_the_image_is_a_finding(tmp_path: Path) -> None:
    def added(folder: Path) -> list[Layer]:
        (folder / "top").mkdir()
        return [layer_of(folder / "top", "code", {"opt/wheels/x/sitecustomize.py": b"import os"})]

    with opened_package(tmp_path, added=added) as reference:
        found = {one.location: one for one in audit_reference(reference).findings}
    assert {one.part for one in found.values()} == {"files"}
    one = found["file /opt/wheels/x/sitecustomize.py"]
    assert one.what.startswith("expected no such file as in the manifest, got ")
    assert one.hint.startswith("the package was changed after it was built")


def test_code_and_model_that_are_not_those_of_the_manifest_are_findings(tmp_path: Path) -> None:
    listed = FileEntry(path="other", sha256="0" * 64, size=1)
    with opened_package(tmp_path, listed=(listed,)) as reference:
        found = {one.location: one for one in audit_reference(reference).findings}
    assert {one.part for one in found.values()} == {"files"}
    assert found["model file other"].what == (
        "expected 0000000000000000 as in the manifest, got missing"
    )
    assert found["model file model"].what.startswith("expected no such file as in the manifest")


def test_a_projects_wheels_that_are_not_in_the_cache_are_told(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODEL_PACKAGER_CACHE", str(project / "empty"))
    locked = LockFile(inputs="", python="3.11", platform="linux/amd64", wheels=(FIT,))
    (project / "package.lock").write_bytes(locked.dump())
    skipped = audit_project(load_project(project)).skipped
    assert [(one.part, one.location, one.what) for one in skipped] == [
        (
            "licences",
            "fit_it-1.0-py3-none-any.whl",
            "is not in the cache, so its licence can't be read",
        )
    ]


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
