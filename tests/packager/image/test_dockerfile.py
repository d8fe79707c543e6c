from __future__ import annotations

import json
import re
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.errors import PackageError, UsageError
from packager.image.config import environment, healthcheck
from packager.image.dockerfile import _quoted, render, template
from packager.manifest.manifest import Base

BASE = Base(reference="python:3.11-slim", diff_ids=(), env=("PATH=/bin", "KEY=a b"))


def line(text: str, word: str) -> str:
    return next(line.partition(" ")[2] for line in text.splitlines() if line.startswith(f"{word} "))


def test_it_says_what_the_image_config_says():
    text = render(BASE, {"b": "2", "a": "1 2"})
    assert line(text, "FROM") == "python:3.11-slim"
    assert line(text, "USER") == "65532:0"
    assert line(text, "WORKDIR") == "/code"
    assert line(text, "EXPOSE") == "3000/tcp"
    assert line(render(BASE, {}, grpc=True), "EXPOSE") == "3000/tcp 3001/tcp"
    assert line(text, "ENTRYPOINT") == "[]"
    assert json.loads(line(text, "CMD")) == ["/opt/venv/bin/python", "-m", "serving"]
    assert line(text, "LABEL") == 'a="1" b="2"'.replace('"1"', '"1 2"')
    assert shlex.split(line(text, "ENV")) == environment(BASE)


def test_environments_of_members_are_copied_and_cannot_be_forgotten():
    assert "COPY opt/members/" not in render(BASE, {})
    text = render(BASE, {}, members=True)
    assert "COPY opt/model/ /opt/model/\nCOPY opt/members/ /opt/members/\nCOPY opt/run" in text
    with pytest.raises(UsageError, match=r"Dockerfile.template: expected \$members"):
        render(BASE, {}, "FROM $base\n", members=True)
    assert render(BASE, {}, "FROM $base\n") == "FROM python:3.11-slim\n"


def test_the_health_check_is_the_configs():
    options, _, command = line(render(BASE, {}), "HEALTHCHECK").partition(" CMD ")
    check, second = healthcheck(), 10**9
    assert json.loads(command) == check["Test"][1:]
    assert dict(re.findall(r"--([\w-]+)=(\d+)", options)) == {
        "interval": str(check["Interval"] // second),
        "timeout": str(check["Timeout"] // second),
        "start-period": str(check["StartPeriod"] // second),
        "retries": str(check["Retries"]),
    }


def test_without_a_base_it_starts_from_scratch():
    assert line(render(None, {}), "FROM") == "scratch"


def test_equal_input_gives_equal_text():
    assert render(BASE, {"a": "1", "b": "2"}) == render(BASE, {"b": "2", "a": "1"})


def test_no_place_of_the_template_is_left_open():
    assert "$" in template()
    assert "$" not in render(BASE, {})


@pytest.mark.parametrize(
    ("value", "written"),
    [("a b", '"a b"'), ('"', '"\\""'), ("\\", '"\\\\"'), ("$HOME", '"\\$HOME"'), ("ä", '"ä"')],
)
def test_a_value_is_quoted_so_that_docker_puts_nothing_in(value: str, written: str):
    assert _quoted(value) == written


@pytest.mark.parametrize("text", ["a\nRUN evil", "a\u202eb", "a\u2028b", "\x00"])
def test_a_text_with_invisible_characters_is_in_no_dockerfile(text: str):
    named = {"env": (f"A={text}",)}, {"reference": text}
    for base in (BASE.model_copy(update=changed) for changed in named):
        with pytest.raises(PackageError, match="expected printable text"):
            render(base, {})
    with pytest.raises(PackageError, match="expected printable text"):
        render(BASE, {"title": text})


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_a_shell_reads_back_any_value(value: str):
    # Docker's rules for double quotes are the shell's, of which shlex knows all but the dollar.
    assert shlex.split(_quoted(value).replace("\\$", "$")) == [value]
