"""The messages of an engine's build end with its image, or with the reason for a failure."""

from __future__ import annotations

from typing import Any

import pytest

from packager.engine.streams import built_id
from packager.errors import PackageError


def test_a_builds_messages_end_with_its_image():
    told: list[str] = []
    messages = [
        {"stream": "Step 1/1 : FROM x\n"},
        {"stream": "\n"},
        {"stream": " ---> 123\n"},
        {"aux": {"ID": "sha256:1"}},
    ]
    assert built_id(messages, told.append) == "sha256:1"
    assert told == ["Step 1/1 : FROM x"]


@pytest.mark.parametrize(
    ("messages", "why"),
    [
        ([{"aux": {"ID": "sha256:1"}}, {"error": "no such file\n"}], "Dockerfile: no such file$"),
        ([{"stream": "done"}], "it reported no image"),
    ],
)
def test_a_build_that_failed_says_why(messages: list[dict[str, Any]], why: str):
    with pytest.raises(PackageError, match=why):
        built_id(messages, [].append)
