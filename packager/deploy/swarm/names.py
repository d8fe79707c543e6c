"""Names of a stack's services, configs and secrets.

A service's full name is STACK_NAME, a label of a DNS name, so names leave room for the stack's.
"""

from __future__ import annotations

import hashlib
import re

from packager.deploy.fleet import DeployedModel

MAX_LABEL = 26
"""Characters of a model's label: with ``model-``, ``-candidate`` and a stack's name of 20
characters it fits into the 63 of a DNS label."""
MAX_KEY = 50
"""Characters of the readable part of a config's name, which may have 64."""
CANDIDATE = "-candidate"
"""Suffix of the name of a service that waits for the gate."""
CANARY = "-canary"
"""Suffix of the name of the service that shares the requests during a canary."""


def model_label(one: DeployedModel) -> str:
    """A short DNS label for the model; different names have different labels."""
    if len(one.label) <= MAX_LABEL:
        return one.label
    digest = hashlib.sha256(one.name.encode()).hexdigest()[:8]
    return f"{one.label[: MAX_LABEL - 9].rstrip('-')}-{digest}"


def model_service(one: DeployedModel) -> str:
    """The name of the service of its replicas."""
    return f"model-{model_label(one)}"


def proxy_service(one: DeployedModel) -> str:
    """The name of the service of its proxies."""
    return f"proxy-{model_label(one)}"


def tasks_of(service: str) -> str:
    """The DNS name of the addresses of all running tasks of a service."""
    return f"tasks.{service}"


def content_name(key: str, text: str) -> str:
    """The name of a config or secret in the Swarm.

    Neither can be changed, so another content needs another name.
    """
    readable = re.sub("[^A-Za-z0-9._-]", "-", key)[:MAX_KEY].strip("-._")
    return f"{readable}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
