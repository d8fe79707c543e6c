"""Commit and labels of an image, as ``package inspect`` shows them."""

from __future__ import annotations

import pytest

from packager.report.image_facts import commit_text, own_labels

REVISION = "org.opencontainers.image.revision"


@pytest.mark.parametrize(
    ("annotations", "text"),
    [
        ({}, None),
        ({REVISION: "1a"}, "1a"),
        (
            {REVISION: "1a", "org.opencontainers.image.source": "https://a.test/b"},
            "https://a.test/b at 1a",
        ),
        (
            {REVISION: "1a-dirty", "model-packager.working-tree": "dirty"},
            "1a-dirty: the files differed from that commit",
        ),
        (
            {REVISION: "1a", "model-packager.working-tree": "unknown"},
            "1a: the files were not compared with that commit",
        ),
        ({REVISION: "1a", "model-packager.working-tree": "clean"}, "1a"),
    ],
)
def test_the_commit_is_said_with_what_is_known_of_it(
    annotations: dict[str, str], text: str | None
) -> None:
    assert commit_text(annotations) == text


def test_only_labels_of_the_user_are_shown() -> None:
    labels = {"model-packager.root": "1", "org.opencontainers.image.title": "t", "b": "2", "a": "1"}
    assert own_labels(labels) == ["a=1", "b=2"]
