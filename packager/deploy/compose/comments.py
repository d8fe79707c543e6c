"""The text of the Compose file, with comments where a person will change it."""

from __future__ import annotations

from packager.deploy.commented import commented
from packager.deploy.compose.document import compose_document
from packager.deploy.fleet import DeployedModel, Fleet
from packager.deploy.parts import GATEWAY, GRAFANA, PROMETHEUS, REDIS

HEADING = """\
# Written by `package deploy compose`, which replaces it: docs/deploy.md.
# Set its variables in a file .env beside it, and what else you change in a second file:
#   docker compose -f compose.yml -f mine.yml up -d
"""
PARTS = {
    GATEWAY: {"ports": "Routes of each model: /models/NAME. GATEWAY_PORT in .env is another port."},
    PROMETHEUS: {
        "command": "Keep 40 days: the error budget covers 30.",
        "ports": "PROMETHEUS_PORT in .env is another port.",
    },
    GRAFANA: {"ports": "GRAFANA_PORT in .env is another port. User admin, password in tokens/."},
    REDIS: {"volumes": "Labels count once only as long as Redis keeps this volume."},
}
"""Part → key of its service → comment."""


def compose_text(fleet: Fleet) -> str:
    """The Compose file of ``fleet``; deterministic."""
    comments = {
        f"services > {part} > {key}": comment
        for part, keys in PARTS.items()
        if part in fleet.parts
        for key, comment in keys.items()
    }
    for one in fleet.sorted():
        comments |= _of_model(one)
    return HEADING + commented(compose_document(fleet), comments)


def _of_model(one: DeployedModel) -> dict[str, str]:
    proxy = {"ports": "All traffic; the blue slot alone; the green one alone. Change with --port."}
    replica = {
        "image": "Another version: package deploy compose.",
        "mem_limit": "MODEL_MEMORY in .env is the limit of every model's replicas.",
        "networks": "The first is internal: without `network = true` in its package, a model"
        "\nreaches no other machine.",
        "env_file": "Other settings, MODEL_NAME=value, of all its versions.",
        "deploy": "Change with --replicas.",
    }
    comments = {f"services > {one.proxy} > {key}": comment for key, comment in proxy.items()}
    for slot in one.slots:
        service = one.slot_service(slot)
        comments |= {f"services > {service} > {key}": comment for key, comment in replica.items()}
    return comments
