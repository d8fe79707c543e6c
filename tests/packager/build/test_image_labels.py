"""Labels of one's own: which are allowed, and what is said of the others."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.build.image_labels import image_labels
from packager.errors import UsageError
from packager.image.config import DOCKERFILE_LABELS

FILE = "package.image-labels"


def test_the_command_replaces_what_the_file_says(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(
        "# of the team\n\ncom.example.team = risk\norg.opencontainers.image.licenses=MIT\n"
    )
    assert image_labels(tmp_path, ["com.example.team=fraud", "a.b=x=y", "empty="]) == {
        "a.b": "x=y",
        "com.example.team": "fraud",
        "empty": "",
        "org.opencontainers.image.licenses": "MIT",
    }
    assert image_labels(tmp_path / "elsewhere", []) == {}


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("team", "--label: expected NAME=VALUE, got 'team'"),
        ("=x", "--label: expected a name of letters, digits, '.', '_', '-' and '/', which begins"),
        ("a b=x", "--label: expected a name of letters"),
        ("a\n=x", None),
        ("-a=x", "--label: expected a name of letters"),
        ("naïve=x", "--label: expected a name of letters"),
        ("a\udcff=x", "--label: expected a name of letters"),
        ("model-packager.root=x", "--label: model-packager.root: expected another prefix than "),
        ("com.docker.a=x", "--label: com.docker.a: expected another prefix than com.docker."),
        ("io.containerd.image.name=x", "--label: io.containerd.image.name: expected another name"),
        ("org.opencontainers.image.revision=x", "--label: org.opencontainers.image.revision: exp"),
        ("org.opencontainers.image.licence=x", "--label: org.opencontainers.image.licence: not a "),
        ("a=one\ntwo", "--label: a: expected printable text, got 'one\\ntwo'"),
        ("a=\x1b[31m", "--label: a: expected printable text, got '\\x1b[31m'"),
        ("a=\u202ex", "--label: a: expected printable text, got '\\u202ex'"),
        ("a=" + "x" * 4096, "--label: a: expected at most 4096 bytes of name and value, got 4097"),
    ],
)
def test_a_label_that_is_not_allowed_is_named(
    tmp_path: Path, label: str, message: str | None
) -> None:
    if message is None:  # blanks around a name are left out
        assert image_labels(tmp_path, [label]) == {"a": "x"}
        return
    with pytest.raises(UsageError) as caught:
        image_labels(tmp_path, [label])
    assert caught.value.message.startswith(message)


def test_a_misspelt_name_of_the_specification_is_corrected(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        image_labels(tmp_path, ["org.opencontainers.image.licence=MIT"])
    assert caught.value.hint == "did you mean 'org.opencontainers.image.licenses'?"


@pytest.mark.parametrize("name", DOCKERFILE_LABELS)
def test_the_labels_of_a_build_are_its_own(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=f"--label: {name}: expected another"):
        image_labels(tmp_path, [f"{name}=x"])


@pytest.mark.parametrize(
    ("label", "what"),
    [
        ("a=ghp_" + "a1" * 18, "a GitHub token"),
        ("ghp_" + "a1" * 18, "a GitHub token"),
        ("a=https://bob:hunter2222@a.test/", "a URL with a password"),
        ("com.example.db-password=hunter2222", "a password"),
    ],
)
def test_a_credential_is_refused_and_not_repeated(tmp_path: Path, label: str, what: str) -> None:
    with pytest.raises(UsageError) as caught:
        image_labels(tmp_path, [label])
    assert f"looks like {what}, and an image's labels are public" in caught.value.message
    assert "hunter2222" not in caught.value.message


def test_a_label_is_given_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        image_labels(tmp_path, ["a=1", "a=2"])
    assert caught.value.message == "--label: a: expected it once, got it twice"


def test_there_are_at_most_64(tmp_path: Path) -> None:
    assert len(image_labels(tmp_path, [f"a{i}=x" for i in range(64)])) == 64
    with pytest.raises(UsageError, match="labels: expected at most 64, got 65"):
        image_labels(tmp_path, [f"a{i}=x" for i in range(65)])


def test_the_file_is_text_within_the_project(tmp_path: Path) -> None:
    project = tmp_path / "p"
    project.mkdir()
    (project / FILE).write_bytes(b"a=\xff\n")
    with pytest.raises(UsageError, match=f"{FILE}: expected UTF-8 text"):
        image_labels(project, [])
    (project / FILE).unlink()
    (tmp_path / "labels").write_text("a=x\n")
    (project / FILE).symlink_to(tmp_path / "labels")
    with pytest.raises(UsageError, match="a link that leaves the project"):
        image_labels(project, [])
    (project / FILE).unlink()
    (project / FILE).mkdir()
    with pytest.raises(UsageError, match=f"{FILE}: expected a file with lines NAME=VALUE, got no"):
        image_labels(project, [])
    (project / FILE).rmdir()
    (project / FILE).symlink_to("absent")
    with pytest.raises(UsageError, match=f"{FILE}: expected a file with lines NAME=VALUE, got no"):
        image_labels(project, [])
    os.remove(project / FILE)
    os.mkfifo(project / FILE)
    with pytest.raises(UsageError, match=f"{FILE}: expected a file with lines NAME=VALUE, got no"):
        image_labels(project, [])


@given(st.from_regex(r"[a-z0-9]{1,8}(\.[a-z0-9]{1,8}){0,3}", fullmatch=True), st.text(max_size=50))
def test_every_label_is_kept_as_it_is_or_refused(name: str, value: str) -> None:
    try:
        found = image_labels(Path("/nowhere"), [f"{name}={value}"])
    except UsageError:
        return
    assert found == {name: value.strip()}
