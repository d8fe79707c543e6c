"""Swarm services of one model: its replicas, and the proxies before them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from packager.deploy.compose.services import (
    API_KEYS,
    DEADLINE_SECONDS,
    LOGGING,
    PROXY_MEMORY,
    PROXY_USER,
    REDIS_DATABASE,
    literal,
    url_prefix,
)
from packager.deploy.fleet import DeployedModel
from packager.deploy.gateway import COMMAND, GATEWAY_PORT
from packager.deploy.part_images import PROXY, compose_image
from packager.deploy.parts import GATEWAY
from packager.deploy.proxy import CONFIG_FOLDER, GRPC_PORT
from packager.deploy.swarm.names import model_label
from packager.engine.hardening import MAX_PROCESSES
from packager.image.config import PORT

MODELS, EDGE = "models", "edge"
"""Networks: between the services, without a way out; and one with a way in and out."""
MODEL_LABEL, VERSION_LABEL = "package.model", "package.version"
"""Labels of a model's service."""
FEEDBACK_KEY = "/run/feedback/feedback.key"
USER = "65532"
TMP_BYTES = 512 << 20
GRACE = f"{DEADLINE_SECONDS + 15}s"
UNREADABLE = 0o400
READABLE = 0o444
"""Modes of files: containers of other people's images run as users of their own."""
HARDENING: dict[str, Any] = {"cap_drop": ["ALL"], "logging": LOGGING}
"""Hardening that a stack file supports; ``no-new-privileges`` is a setting of the engine."""


def feedback_secret(one: DeployedModel) -> str:
    """The key of the secret that signs feedback tokens."""
    return f"feedback-{model_label(one)}"


def keys_secret(one: DeployedModel) -> str:
    """The key of the secret with the API keys that the servers take."""
    return f"keys-{model_label(one)}"


def scrape_secret(one: DeployedModel) -> str:
    """The key of the secret with the API key that Prometheus sends."""
    return f"scrape-{model_label(one)}"


def proxy_config_key(one: DeployedModel) -> str:
    """The key of the config of its proxies."""
    return f"proxy-{model_label(one)}"


def reserved_mib(memory_mib: int) -> int:
    """MiB that a host must have free for a replica: most need less than their limit."""
    return memory_mib // 2


def limits(memory: str) -> dict[str, Any]:
    """The limits of one task."""
    return {"memory": memory, "pids": MAX_PROCESSES}


def model_service(one: DeployedModel, *, redis: bool, prefix: str = "") -> dict[str, Any]:
    """The service of a model's replicas; ``redis``: whether labels wait in the stack's Redis.

    ``prefix``: the path at which a gateway has its routes; empty without a gateway.

    Swarm starts a new task, waits until it is healthy, and ends an old one then.
    """
    secrets = [secret(feedback_secret(one), FEEDBACK_KEY)]
    reserved = f"${{MODEL_RESERVATION:-{reserved_mib(one.memory_mib)}m}}"
    return {
        "image": literal(one.image),
        **HARDENING,
        "environment": {
            "MODEL_PORT": str(PORT),
            "MODEL_FEEDBACK_KEY_FILE": FEEDBACK_KEY,
            **({"MODEL_FEEDBACK_STORE": REDIS_DATABASE} if redis else {}),
            **({"MODEL_API_KEYS_FILE": API_KEYS} if one.keys else {}),
            **url_prefix(prefix),
        },
        "read_only": True,
        "volumes": [{"type": "tmpfs", "target": "/tmp", "tmpfs": {"size": TMP_BYTES}}],
        "secrets": [*secrets, *([secret(keys_secret(one), API_KEYS)] if one.keys else [])],
        "networks": [MODELS, EDGE] if one.network else [MODELS],
        "stop_grace_period": GRACE,
        "healthcheck": {"interval": "5s", "timeout": "20s", "retries": 6, "start_period": "240s"},
        "deploy": {
            "labels": {MODEL_LABEL: one.name, VERSION_LABEL: one.version},
            "endpoint_mode": "dnsrr",
            "replicas": one.replicas,
            "placement": {"max_replicas_per_node": one.replicas + 1},
            "resources": {
                "limits": limits(f"${{MODEL_MEMORY:-{one.memory_mib}m}}"),
                "reservations": {"memory": reserved},
            },
            "update_config": {
                "parallelism": 1,
                "order": "start-first",
                "delay": "5s",
                "monitor": "30s",
                "failure_action": "rollback",
                "max_failure_ratio": 0,
            },
            "rollback_config": {"parallelism": 1, "order": "start-first", "monitor": "10s"},
        },
    }


def proxy_service(one: DeployedModel, pins: Mapping[str, str]) -> dict[str, Any]:
    """The service of a model's proxies: one task on each host, on the model's port there."""
    ports = [host_port(one.port, PORT)]
    if one.grpc:
        ports.append(host_port(one.grpc_port, GRPC_PORT))
    return _haproxy(proxy_config_key(one), ports, pins)


def gateway_service(pins: Mapping[str, str]) -> dict[str, Any]:
    """The gateway before the proxies of all models: one task on each host."""
    port = host_port(f"${{GATEWAY_PORT:-{GATEWAY_PORT}}}", PORT)
    return _haproxy(GATEWAY, [port], pins)


def _haproxy(
    key: str, ports: Sequence[Mapping[str, Any]], pins: Mapping[str, str]
) -> dict[str, Any]:
    """A task of HAProxy on each host, on ``ports`` there, with the config ``key``."""
    config = {"source": key, "target": f"{CONFIG_FOLDER}/haproxy.cfg", "mode": READABLE}
    return {
        "image": compose_image(PROXY, pins),
        "user": PROXY_USER,
        **HARDENING,
        "read_only": True,
        "command": COMMAND,
        "configs": [config],
        "ports": list(ports),
        "networks": [MODELS, EDGE],
        "stop_signal": "SIGUSR1",
        "stop_grace_period": GRACE,
        "deploy": {
            "mode": "global",
            "endpoint_mode": "dnsrr",
            "placement": {"constraints": ["node.platform.os == linux"]},
            "resources": {"limits": limits(PROXY_MEMORY)},
            # Two tasks can't have the same port of a host.
            "update_config": {
                "parallelism": 1,
                "order": "stop-first",
                "monitor": "15s",
                "failure_action": "rollback",
            },
        },
    }


def host_port(published: int | str, target: int) -> dict[str, Any]:
    """A port of the host that runs the task, not of Swarm's mesh."""
    return {"target": target, "published": published, "protocol": "tcp", "mode": "host"}


def secret(source: str, target: str, user: str = USER, mode: int = UNREADABLE) -> dict[str, Any]:
    """A secret as a file of a container."""
    return {"source": source, "target": target, "uid": user, "gid": "0", "mode": mode}
