"""Names that fit into a DNS label with a stack's name, and into a config's."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from packager.deploy.fleet import DeployedModel
from packager.deploy.swarm.names import (
    CANDIDATE,
    content_name,
    model_label,
    model_service,
    proxy_service,
    tasks_of,
)

NAMES = st.from_regex(r"[a-z0-9]{1,40}([._-][a-z0-9]{1,30}){0,2}", fullmatch=True)
STACK = "a-stack-of-20-chars-"


def member(name: str) -> DeployedModel:
    return DeployedModel(name, "1", "shop:1", 3000, 512)


@given(NAMES)
def test_a_candidate_s_name_is_a_dns_label_with_the_stack_s(name: str) -> None:
    one = member(name)
    for service in (model_service(one) + CANDIDATE, proxy_service(one)):
        assert len(f"{STACK}_{service}") <= 63
        assert re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", service)


@given(NAMES, NAMES)
def test_different_models_have_different_labels(name: str, other: str) -> None:
    assert (model_label(member(name)) == model_label(member(other))) == (name == other)


@given(st.text(max_size=80), st.text(), st.text())
def test_another_content_has_another_name(key: str, text: str, other: str) -> None:
    name = content_name(f"k{key}", text)
    assert re.fullmatch(r"[a-zA-Z0-9][\w.-]{0,63}", name, re.ASCII)
    assert (name == content_name(f"k{key}", other)) == (text == other)


def test_a_short_name_stays_readable() -> None:
    assert model_service(member("shop")) == "model-shop"
    assert tasks_of("model-shop") == "tasks.model-shop"
