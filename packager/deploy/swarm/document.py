"""The stack file: all models, the services that they share, and the configs and secrets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from packager.deploy.commented import commented
from packager.deploy.compose.document import shared_services
from packager.deploy.fleet import DeployedModel, Fleet
from packager.deploy.gateway import CONFIG, route
from packager.deploy.parts import GATEWAY, REDIS
from packager.deploy.swarm.names import content_name, model_service, proxy_service
from packager.deploy.swarm.secret_values import secret_paths
from packager.deploy.swarm.services import EDGE, MODELS, gateway_service, proxy_config_key
from packager.deploy.swarm.services import model_service as model_of
from packager.deploy.swarm.services import proxy_service as proxy_of
from packager.deploy.swarm.shared import reader, swarm_shared
from packager.errors import PackageError

VERSION = "3.9"
"""Of the file's format: the last one that ``docker stack`` has, with limits of processes."""
STACK_FILE = "stack.yml"
MAX_CONFIG_BYTES = 1_000 * 1024
"""Of Swarm: a larger config is refused."""


def stack_text(fleet: Fleet, files: Mapping[str, str], secrets: Mapping[str, str]) -> str:
    """``stack.yml``: deterministic for the same fleet and contents.

    ``files``, ``secrets``: path → content of what the folder holds; contents of secrets are in no
    file, only part of their digest is. Raises ``PackageError`` for a file too large for Swarm.
    """
    configs = config_paths(fleet, files)
    for path in configs.values():
        if len(files[path].encode()) >= MAX_CONFIG_BYTES:
            raise PackageError(
                f"{path}: expected less than {MAX_CONFIG_BYTES} bytes, as Swarm allows, got "
                f"{len(files[path].encode())}",
                "monitor fewer slices, or run the monitoring elsewhere: deploy monitoring",
            )
    services: dict[str, Any] = {}
    gateway = GATEWAY in fleet.parts
    for one in fleet.sorted():
        prefix = route(one) if gateway else ""
        services[model_service(one)] = model_of(one, redis=REDIS in fleet.parts, prefix=prefix)
        services[proxy_service(one)] = proxy_of(one, fleet.pins)
    if gateway:
        services[GATEWAY] = gateway_service(fleet.pins)
    shared = swarm_shared(fleet, configs)
    own = secret_paths(fleet)
    document = {
        "version": VERSION,
        "services": {**services, **shared},
        "networks": {
            MODELS: {"driver": "overlay", "attachable": True, "internal": True},
            EDGE: {"driver": "overlay"},
        },
        "configs": _named(configs, files),
        "secrets": _named(own, secrets),
        **({"volumes": {name: {} for name in shared}} if shared else {}),
    }
    return commented(document, _comments(fleet, list(shared)))


def config_paths(fleet: Fleet, files: Mapping[str, str]) -> dict[str, str]:
    """Key of each config of the stack → path of its file in the folder."""
    proxies = {proxy_config_key(one): proxy_path(one) for one in fleet.sorted()}
    if GATEWAY in fleet.parts:
        proxies[GATEWAY] = CONFIG
    readers = set(shared_services(fleet))
    return {**proxies, **{_key(path): path for path in sorted(files) if reader(path) in readers}}


def proxy_path(one: DeployedModel) -> str:
    """The configuration of a model's proxies."""
    return f"proxy/{one.label}/haproxy.cfg"


def _key(path: str) -> str:
    """The key of a config: its path without the suffix, in the characters of keys."""
    return path.rpartition(".")[0].replace("/", "-")


def _named(paths: Mapping[str, str], contents: Mapping[str, str]) -> dict[str, Any]:
    return {
        key: {"name": content_name(key, contents[path]), "file": f"./{path}"}
        for key, path in paths.items()
    }


def _comments(fleet: Fleet, shared: list[str]) -> dict[str, str]:
    one = next(iter(fleet.sorted()))
    model, proxy = f"services > {model_service(one)}", f"services > {proxy_service(one)}"
    state = {
        f"services > {name} > deploy > placement > constraints": (
            "Its volume is on one host: docker node update --label-add package.state=true NODE"
        )
        for name in shared[:1]
    }
    return {
        "version": (
            "Start, and after every change:\n"
            "docker stack deploy --with-registry-auth --prune -c stack.yml STACK\n"
            "Settings of yours belong into a second file, -c stack.yml -c mine.yml: `package\n"
            "deploy` does not replace a file that was changed."
        ),
        f"{model} > image": "As every host pulls it; a digest (NAME@sha256:…) never changes.",
        f"{model} > secrets": "Modes are decimal: 256 is 0400, 292 is 0444.",
        f"{model} > healthcheck": ("A slow start or a loaded host is no reason for another start."),
        f"{model} > deploy > replicas": "Another number: package deploy swarm … --replicas N",
        f"{model} > deploy > placement > max_replicas_per_node": (
            "An update starts a task more. On several hosts: replicas / hosts, rounded up, + 1."
        ),
        f"{model} > deploy > resources": (
            "Of one replica. Hosts need memory for a replica more than there are."
        ),
        f"{model} > deploy > update_config": (
            "A task that ends or gets unhealthy within `monitor` takes the update back."
        ),
        f"{proxy} > ports": (
            "On every address of every host with a proxy: keep others out by a firewall, or "
            "require keys."
        ),
        f"{proxy} > deploy > mode": (
            "One on each host that the constraints allow; your balancer asks them all."
        ),
        **state,
        "networks > models": (
            "No way out of it. attachable: `package deploy update` asks a new version there."
        ),
        "configs": (
            "Swarm never changes a config or secret: after you change a file, run `package deploy\n"
            "swarm` again, which names it after its content."
        ),
    }
