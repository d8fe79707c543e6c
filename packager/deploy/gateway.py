"""The gateway of a deployment: one address for all its models, and a route for each.

HAProxy before the proxies of the models. ``/models/NAME/…`` leads to every route of a model, and
the routes of V2 and V1 that hold a model's name lead to that model, whose proxy finds a replica.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from packager.deploy.configuration import PROXY_METRICS_PORT
from packager.deploy.fleet import DeployedModel
from packager.deploy.proxy import CHECKED, CONFIG_FOLDER, proxy_head
from packager.image.config import PORT

CONFIG = "gateway/haproxy.cfg"
"""Its path in the folder of the deployment."""
GATEWAY_PORT = 8000
ROUTES = "/models"
DEADLINE_SECONDS = 75
"""Longer than a proxy takes that asks a second replica after one that hangs."""
COMMAND = ["haproxy", "-W", "-db", "-f", f"{CONFIG_FOLDER}/haproxy.cfg"]
TEMPLATE = """\
# One address for {names}.
{head}
frontend metrics
  bind :{metrics}
  http-request use-service prometheus-exporter if {{ path /metrics }}
  monitor-uri /healthz

frontend gateway
  bind :{port}
  monitor-uri /healthz
  acl asks_ready path /readyz /v2/health/ready
{unready}
{json} 200 string '{{"ready":true}}' if asks_ready
{json} 200 string '{{"live":true}}' if {{ path /v2/health/live }}
{json} 200 string '{listed}' if {{ path {routes} /v2/models /v1/models }}
{routed}
  default_backend unknown

backend unknown
{json} 404 string '{unknown}'
{backends}"""
JSON = "  http-request return content-type application/json status"
UNREADY = (
    JSON + ' 503 string \'{{"error":"{name} has no replica that is ready"}}\''
    " if asks_ready {{ nbsrv({backend}) lt 1 }}"
)
ROUTED = """\
  acl {backend} path /v2/models/{name} /v1/models/{name} /v1/models/{name}:predict
  acl {backend} path_beg {routes}/{name}/ /v2/models/{name}/
  use_backend {backend} if {backend}"""
BACKEND = """
backend {backend}
  # The model's proxy sends a request again that a replica did not answer: once is enough here.
  retries 1
  retry-on conn-failure
  option httpchk GET /readyz
  http-request replace-path ^{routes}/{pattern}(/.*) \\1
  server proxy {service}:{port} {checked}
"""


def route(one: DeployedModel) -> str:
    """The path below which the gateway has the routes of a model."""
    return f"{ROUTES}/{one.name}"


def gateway_config(members: Sequence[DeployedModel], proxy: Callable[[DeployedModel], str]) -> str:
    """``haproxy.cfg`` of the gateway; ``proxy``: the DNS name of the proxy of a model."""
    names = [member.name for member in members]
    listed = json.dumps({"models": names}, separators=(",", ":"))
    served = f"expected {ROUTES}/NAME/ROUTE or /v2/models/NAME/ROUTE, NAME: {', '.join(names)}"
    return TEMPLATE.format(
        names=", ".join(names),
        head=proxy_head(DEADLINE_SECONDS),
        metrics=PROXY_METRICS_PORT,
        port=PORT,
        routes=ROUTES,
        json=JSON,
        listed=listed,
        unknown=json.dumps({"error": served}, separators=(",", ":")),
        unready="\n".join(
            UNREADY.format(name=member.name, backend=_backend(member)) for member in members
        ),
        routed="\n".join(
            ROUTED.format(name=member.name, backend=_backend(member), routes=ROUTES)
            for member in members
        ),
        backends="".join(_of_model(member, proxy(member)) for member in members),
    )


def _backend(one: DeployedModel) -> str:
    """No name of a backend of a model's own proxy is like it, which alerts tell apart by it."""
    return f"to-{one.label}"


def _of_model(one: DeployedModel, service: str) -> str:
    return BACKEND.format(
        backend=_backend(one),
        routes=ROUTES,
        pattern=one.name.replace(".", "\\."),
        service=service,
        port=PORT,
        checked=CHECKED,
    )
