"""Compose services of one model: its replicas in slots, their state, the proxy before them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from packager.deploy.fleet import DeployedModel
from packager.deploy.gateway import COMMAND, GATEWAY_PORT
from packager.deploy.part_images import PROXY, compose_image
from packager.deploy.parts import GATEWAY, REDIS
from packager.deploy.proxy import CONFIG_FOLDER, GRPC_PORT, SLOT_PORTS
from packager.engine.hardening import MAX_PROCESSES
from packager.image.config import PORT
from packager.image.runtime import VENV

FEEDBACK_KEY = "/state/feedback.key"
API_KEYS = "/run/keys/api.keys"
SHADOW_KEY = "/run/keys/shadow.key"
"""The key that replicas send to the candidate: Prometheus's."""
REDIS_DATABASE = "redis://redis:6379/0"
PROXY_USER = "65532:0"
PROXY_MEMORY = "512m"
DEADLINE_SECONDS = 30
GRACE = f"{DEADLINE_SECONDS + 15}s"
"""Between SIGTERM and SIGKILL: the deadline of a request, and some."""
OUTER_NETWORK = "default"
"""The network of what has ports on the host."""
LABELS_NETWORK = "labels"
"""The internal network of Redis and of all replicas, where there is a Redis."""
LOCAL_NAMES = ["ndots:1"]
"""Names of services are not asked of the host's resolver while they have no container."""
LOGGING = {"driver": "json-file", "options": {"max-size": "10m", "max-file": "3"}}
SERVICE_HARDENING: dict[str, Any] = {
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges:true"],
    "pids_limit": MAX_PROCESSES,
    "logging": LOGGING,
}
"""Settings of every service."""
PREPARE = f"""
import base64, os, pathlib
os.chmod("/state", 0o770)
key = pathlib.Path("{FEEDBACK_KEY}")
if not key.exists():
    new = key.with_suffix(".new")
    new.write_text("1:" + base64.b64encode(os.urandom(32)).decode())
    new.chmod(0o640)
    new.replace(key)
""".strip()
PREPARE_SOCKET = 'import os; os.chmod("/run/haproxy", 0o770)'


def literal(text: str) -> str:
    """``text`` with ``$`` escaped, because Compose substitutes variables for ``$name``."""
    return text.replace("$", "$$")


def model_network(one: DeployedModel) -> str:
    """The internal network of its replicas: none of another model can get one's address."""
    return f"models-{one.label}"


def model_services(
    one: DeployedModel, pins: Mapping[str, str], *, redis: bool = False, prefix: str = ""
) -> dict[str, Any]:
    """The services of ``one``; ``redis``: whether labels wait in the Redis of the deployment.

    ``prefix``: the path at which its gateway has its routes; empty without a gateway.
    """
    return {
        one.state: state_service(one),
        **{one.slot_service(slot): _slot(one, slot, redis, prefix) for slot in one.slots},
        **_shadow(one, redis, prefix),
        f"state-{one.proxy}": _prepared(one, PREPARE_SOCKET, f"{one.proxy}:/run/haproxy"),
        one.proxy: _proxy(one, pins),
    }


def model_volumes(one: DeployedModel) -> dict[str, Any]:
    """The volumes of ``one``."""
    return {one.state: {}, one.proxy: {}}


def state_service(one: DeployedModel) -> dict[str, Any]:
    """Lets the server's group write into the new volume, and creates a token key in it."""
    return _prepared(one, PREPARE, f"{one.state}:/state")


def _prepared(one: DeployedModel, script: str, volume: str) -> dict[str, Any]:
    """A service that runs ``script`` once, as root without the network, on a volume."""
    return {
        "image": literal(one.image),
        "user": "0:0",
        **SERVICE_HARDENING,
        "mem_limit": "256m",
        "read_only": True,
        "network_mode": "none",
        "command": [f"/{VENV}/bin/python", "-c", script],
        "healthcheck": {"disable": True},
        "volumes": [volume],
    }


def model_service(one: DeployedModel) -> dict[str, Any]:
    """The service of a model's replicas, with its state in a volume."""
    keys = f"./keys/{one.label}.keys:{API_KEYS}:ro"
    return {
        "image": literal(one.image),
        **SERVICE_HARDENING,
        "mem_limit": f"${{MODEL_MEMORY:-{one.memory_mib}m}}",
        "environment": {
            "MODEL_PORT": str(PORT),
            "MODEL_STATE_DIR": "/state",
            "MODEL_FEEDBACK_KEY_FILE": FEEDBACK_KEY,
            **({"MODEL_API_KEYS_FILE": API_KEYS} if one.keys else {}),
        },
        "volumes": [f"{one.state}:/state", *([keys] if one.keys else [])],
        "read_only": True,
        "tmpfs": ["/tmp:size=512m"],
        "stop_grace_period": GRACE,
        "depends_on": {one.state: {"condition": "service_completed_successfully"}},
        "restart": "unless-stopped",
    }


def _slot(one: DeployedModel, slot: str, redis: bool, prefix: str) -> dict[str, Any]:
    there = one.in_slot(slot)
    service = model_service(there)
    store = {"MODEL_FEEDBACK_STORE": REDIS_DATABASE} if redis else {}
    waits = {REDIS: {"condition": "service_healthy"}} if redis else {}
    networks = [model_network(one), *([LABELS_NETWORK] if redis else [])]
    return {
        **service,
        "environment": {**service["environment"], **store, **url_prefix(prefix)},
        "networks": [*networks, *([OUTER_NETWORK] if there.network else [])],
        "env_file": [{"path": f"./settings/{one.label}.env", "required": False}],
        "depends_on": {**service["depends_on"], **waits},
        "deploy": {"replicas": one.replicas},
        # A slow start or a loaded machine is no reason for another start.
        "healthcheck": {"interval": "10s", "timeout": "20s", "start_period": "240s", "retries": 6},
    }


def _shadow(one: DeployedModel, redis: bool, prefix: str) -> dict[str, Any]:
    """Replicas of the serving version that send their rows to the candidate; none without it.

    They are found by the name of the serving slot, so that the proxy needs no change.
    """
    if one.candidate is None or not one.candidate.shadow:
        return {}
    service = _slot(one, one.slot, redis, prefix)
    own = model_network(one)
    networks: dict[str, Any] = {name: {} for name in service["networks"]}
    networks[own] = {"aliases": [one.slot_service(one.slot)]}
    key = f"./prometheus/keys/{one.label}.key:{SHADOW_KEY}:ro"
    settings = {
        "MODEL_SHADOW": f"http://{one.proxy}:{SLOT_PORTS[one.idle]}",
        "MODEL_SHADOW_SHARE": "1",
        **({"MODEL_SHADOW_TOKEN_FILE": SHADOW_KEY} if one.keys else {}),
    }
    shadow = {
        **service,
        "environment": {**service["environment"], **settings},
        "networks": networks,
        "volumes": [*service["volumes"], *([key] if one.keys else [])],
    }
    return {one.shadow_service: shadow}


def url_prefix(prefix: str) -> dict[str, str]:
    """The variable by which a server knows its path at a gateway."""
    return {"MODEL_URL_PREFIX": prefix} if prefix else {}


def gateway_service(pins: Mapping[str, str]) -> dict[str, Any]:
    """The gateway before the proxies of all models."""
    return {
        "image": compose_image(PROXY, pins),
        "user": PROXY_USER,
        **SERVICE_HARDENING,
        "mem_limit": PROXY_MEMORY,
        "read_only": True,
        "networks": [OUTER_NETWORK],
        "dns_opt": LOCAL_NAMES,
        "command": COMMAND,
        "ports": [f"127.0.0.1:${{GATEWAY_PORT:-{GATEWAY_PORT}}}:{PORT}"],
        "volumes": [f"./{GATEWAY}:{CONFIG_FOLDER}:ro"],
        "stop_signal": "SIGUSR1",
        "stop_grace_period": GRACE,
        "restart": "unless-stopped",
    }


def _proxy(one: DeployedModel, pins: Mapping[str, str]) -> dict[str, Any]:
    return {
        "image": compose_image(PROXY, pins),
        "user": PROXY_USER,
        **SERVICE_HARDENING,
        "mem_limit": PROXY_MEMORY,
        "read_only": True,
        "networks": [model_network(one), OUTER_NETWORK],
        "dns_opt": LOCAL_NAMES,
        "command": COMMAND,
        "ports": [
            f"127.0.0.1:{one.port}:{PORT}",
            *(
                f"127.0.0.1:{one.port + number}:{port}"
                for number, port in enumerate(SLOT_PORTS.values(), start=1)
            ),
            *([f"127.0.0.1:{one.grpc_port}:{GRPC_PORT}"] if one.grpc else []),
        ],
        "volumes": [f"./proxy/{one.label}:{CONFIG_FOLDER}:ro", f"{one.proxy}:/run/haproxy"],
        "stop_signal": "SIGUSR1",
        "stop_grace_period": GRACE,
        "depends_on": {f"state-{one.proxy}": {"condition": "service_completed_successfully"}},
        "restart": "unless-stopped",
    }
