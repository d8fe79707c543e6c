"""The proxy before the tasks of one model's service: configuration of HAProxy.

Swarm's own mesh of published ports is not used: it drops requests of tasks that end, and needs IPVS
in the kernel. The proxy finds the tasks by DNS, asks each whether it is ready, and sends a request
again whose task ended without an answer.
"""

from __future__ import annotations

from packager.deploy.configuration import PROXY_METRICS_PORT
from packager.deploy.fleet import MAX_REPLICAS, DeployedModel
from packager.deploy.proxy import CHECKED, GRPC, GRPC_PORT, OVER_GRPC, PROBES, proxy_head
from packager.deploy.swarm.names import CANARY, model_service, tasks_of
from packager.image.config import GRPC_INSIDE, PORT

MAX_TASKS = MAX_REPLICAS + 1
"""An update starts a task before it ends another one."""
MAX_ROUTERS = 2
"""Tasks that share the requests during a canary."""
MAX_WEIGHT = 256
TEMPLATE = """\
# The proxy of {name}. It is a config of the Swarm: change it here, then run `package deploy swarm`
# again, which names it again, and `docker stack deploy`.
{head}
frontend metrics
  bind :{metrics}
  http-request use-service prometheus-exporter if {{ path /metrics }}
  monitor-uri /healthz

frontend model
  bind :{port}
{probes}
  # While an update has a canary, its router shares the requests between both versions.
  use_backend canary if {{ nbsrv(canary) gt 0 }}
  default_backend model

backend model
  balance leastconn
  option httpchk GET /readyz
{servers}

backend canary
  balance leastconn
  option httpchk GET /healthz
  server-template router {routers} {canary}:{port} {checked} port {metrics}
{grpc}"""
SERVER = "  server-template task {tasks} {service}:{port} " + CHECKED


def swarm_proxy_config(one: DeployedModel) -> str:
    """``haproxy.cfg`` of the proxies of ``one``."""
    grpc = _server(one, GRPC_INSIDE) + OVER_GRPC
    return TEMPLATE.format(
        name=one.name,
        head=proxy_head(),
        metrics=PROXY_METRICS_PORT,
        port=PORT,
        probes=PROBES,
        servers=_server(one, PORT),
        routers=MAX_ROUTERS,
        canary=tasks_of(model_service(one) + CANARY),
        checked=CHECKED,
        grpc=GRPC.format(bound=GRPC_PORT, balance="leastconn", servers=grpc) if one.grpc else "",
    )


def _server(one: DeployedModel, port: int) -> str:
    service = tasks_of(model_service(one))
    return SERVER.format(tasks=MAX_TASKS, service=service, port=port)


RELAY = """\
{head}
frontend serving
  bind :8001
  default_backend serving

frontend candidate
  bind :8002
  default_backend candidate

backend serving
  retries 0
  option httpchk GET /readyz
  server-template task {tasks} {serving}:{port} {checked}

backend candidate
  retries 0
  server-template task 1 {candidate}:{port} resolvers docker resolve-prefer ipv4 init-addr none
"""


def relay_config(serving: str, candidate: str) -> str:
    """``haproxy.cfg`` of what asks two services for a gate: their answers as they are.

    ``serving``, ``candidate``: DNS names of the services in the stack's network.
    """
    return RELAY.format(
        head=proxy_head(),
        tasks=MAX_TASKS,
        serving=tasks_of(serving),
        candidate=tasks_of(candidate),
        port=PORT,
        checked=CHECKED,
    )


ROUTER = """\
{head}
frontend metrics
  bind :{metrics}
  stats enable
  stats uri /stats
  # Then, and without a task of the new version, the proxies leave this router, which goes on.
  monitor fail if {{ nbsrv(new) lt 1 }} || {{ nbsrv(model) lt 2 }} || {{ date ge {until} }}
  monitor-uri /healthz

frontend model
  bind :{port}
  default_backend model

backend model
  # Two at random by weight, the less loaded of them: leastconn ignores weights without load.
  balance random(2)
  option httpchk GET /readyz
  server-template old {tasks} {serving}:{port} weight {old} {checked}
  server-template new {tasks} {candidate}:{port} weight {new} {checked}

backend new
  option httpchk GET /readyz
  server-template new {tasks} {candidate}:{port} {checked}
"""


def router_config(serving: str, candidate: str, weights: tuple[int, int], until: int) -> str:
    """``haproxy.cfg`` of what shares requests between two services during a canary.

    ``serving``, ``candidate``: DNS names of the services in the stack's network; ``weights``: of a
    task of each; ``until``: when it ends, in seconds since 1970.
    """
    old, new = weights
    return ROUTER.format(
        head=proxy_head(),
        metrics=PROXY_METRICS_PORT,
        tasks=MAX_TASKS,
        serving=tasks_of(serving),
        candidate=tasks_of(candidate),
        port=PORT,
        checked=CHECKED,
        old=old,
        new=new,
        until=until,
    )


def router_weights(tasks: int, new_tasks: int, share: float) -> tuple[int, int]:
    """The weights of a task of the earlier and of the new version that give ``share`` to the new.

    ``tasks``, ``new_tasks``: how many each has. The largest weights that HAProxy has, so that the
    share is exact within a rounded part of them; at least 1.
    """
    odds = share / (1 - share) * tasks / new_tasks
    scale = MAX_WEIGHT / max(1.0, odds)
    return max(1, round(scale)), max(1, min(MAX_WEIGHT, round(scale * odds)))
