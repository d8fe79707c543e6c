"""The proxy before the replicas of one model: configuration of HAProxy.

A model has two slots, one of which serves; an update starts the new version in the other one and
moves the traffic by weights. Names of absent services don't resolve, and their servers are down.
"""

from __future__ import annotations

from packager.deploy.configuration import PROXY_METRICS_PORT
from packager.deploy.fleet import MAX_REPLICAS, SLOTS, DeployedModel
from packager.image.config import GRPC_INSIDE, PORT

CONFIG_FOLDER = "/usr/local/etc/haproxy"
SOCKET = "/run/haproxy/admin.sock"
"""Commands that change weights at run time; only the containers of the volume reach it."""
SLOT_PORTS = {slot: PORT + 1 + number for number, slot in enumerate(SLOTS)}
"""Slot → port of the proxy that reaches this slot alone."""
GRPC_PORT = PORT + 1 + len(SLOTS)
"""Port of the proxy that takes gRPC."""
MAX_WEIGHT = 100
BUFFER_BYTES = 128 * 1024
MAX_CONNECTIONS = 1_500
MAX_BUFFERS = 3_200
"""They fit in the memory of the container, ``services.PROXY_MEMORY``."""
HEAD = """\
global
  log stdout format raw local0 notice
{socket}  nbthread 2
  # Each connection may hold two buffers; more connections wait to be accepted.
  maxconn {connections}
  # Requests up to this size, less 1 KiB for headers that are added, are kept until they are
  # answered, and sent to another replica if theirs ends without an answer.
  tune.bufsize {buffer}
  tune.buffers.limit {buffers}

resolvers docker
  nameserver dns 127.0.0.11:53
  accepted_payload_size 8192
  timeout resolve 1s
  timeout retry 1s
  # A replica that is gone leaves at once; if the engine's names can't be asked, all stay.
  hold valid 1s
  hold obsolete 0s
  hold timeout 1h
  hold refused 1h
  hold other 1h

defaults
  log global
  mode http
  option httplog
  option dontlog-normal
  option log-separate-errors
  option redispatch 1
  retries 3
  # Predictions may be asked again; a label counts once, by its token. Only a replica that hangs
  # exceeds the time below: the server itself answers at its deadline.
  retry-on conn-failure empty-response response-timeout 503
  # Only a request that is here as a whole can be sent again.
  option http-buffer-request
  timeout connect 2s
  # A hung replica is found after 20 s. Less, and all are down where the machine is only busy.
  timeout check 10s
  # Slow clients hold buffers: so long may a request take to arrive, or its first {kib} KiB.
  timeout http-request 10s
  # Shorter than the server's, which would close connections that are about to be used.
  timeout http-keep-alive 60s
  # The deadline of a request ({deadline} s) and some.
  timeout client {timeout}s
  timeout server {timeout}s
"""
PROBES = """\
  # Asked before a replica is ready, these have an answer: no error that alerts count.
  http-request return status 503 content-type text/plain string "no replica is ready" if \
{ path / /readyz /livez /healthz /ping /v2/health/ready /v2/health/live } { nbsrv(model) lt 1 }"""
"""Health routes of a frontend while no replica of the backend ``model`` is ready."""
ADMIN = "  stats socket {socket} mode 600 level admin\n"
TEMPLATE = """\
# The proxy of {name}. Weights: what `package deploy update` moves, {high} in sum.
{head}
frontend metrics
  bind :{metrics}
  http-request use-service prometheus-exporter if {{ path /metrics }}
  monitor-uri /healthz

frontend model
  bind :{port}
{probes}
  default_backend model

backend model
  # Two at random by weight, the less loaded of them: leastconn ignores weights without load.
  balance random(2)
  option httpchk GET /readyz
{servers}
{slots}{grpc}"""
CHECKED = (
    # ``inter`` limits the time to connect, too: a loaded machine takes more than a second, and
    # one slow connection is no reason to do without a replica: its request goes to another.
    "check inter 3s "
    "downinter 1s fall 3 rise 1 observe layer4 error-limit 10 on-error mark-down "
    "resolvers docker resolve-prefer ipv4 init-addr none"
)
"""Options with which the proxy finds replicas by DNS and checks their readiness."""
SERVER = "  server-template {slot} {replicas} {service}:{port} weight {weight} " + CHECKED
OVER_GRPC = f" proto h2 port {PORT} check-proto h1"
"""Servers of gRPC speak HTTP/2; whether they are ready is asked over HTTP."""
GRPC = """
frontend grpc
  bind :{bound} proto h2
  default_backend grpc

backend grpc
  balance {balance}
  option httpchk GET /readyz
{servers}
"""
SLOT = """
frontend {slot}
  bind :{bound}
  default_backend {slot}

backend {slot}
  option httpchk GET /readyz
{server}
"""


def proxy_config(one: DeployedModel, deadline_seconds: float = 30) -> str:
    """``haproxy.cfg`` for ``one``; ``deadline_seconds``: of its server's requests."""
    weights = one.weights()
    servers = [_server(one, slot, weights[slot]) for slot in SLOTS]
    slots = [
        SLOT.format(slot=slot, bound=SLOT_PORTS[slot], server=_server(one, slot, MAX_WEIGHT))
        for slot in SLOTS
    ]
    return TEMPLATE.format(
        name=one.name,
        high=MAX_WEIGHT,
        head=proxy_head(deadline_seconds, ADMIN.format(socket=SOCKET)),
        metrics=PROXY_METRICS_PORT,
        port=PORT,
        probes=PROBES,
        servers="\n".join(servers),
        slots="".join(slots),
        grpc=_grpc(one) if one.grpc else "",
    )


def proxy_head(deadline_seconds: float = 30, socket: str = "") -> str:
    """The sections that every proxy has; ``socket``: a line of ``global``, or none."""
    return HEAD.format(
        socket=socket,
        deadline=round(deadline_seconds),
        timeout=round(deadline_seconds) + 15,
        buffer=BUFFER_BYTES,
        buffers=MAX_BUFFERS,
        connections=MAX_CONNECTIONS,
        kib=BUFFER_BYTES // 1024,
    )


def _server(one: DeployedModel, slot: str, weight: int, port: int = PORT) -> str:
    return SERVER.format(
        slot=slot,
        replicas=MAX_REPLICAS,
        service=one.slot_service(slot),
        port=port,
        weight=weight,
    )


def _grpc(one: DeployedModel) -> str:
    """The frontend and the backend of gRPC, with the weights of the slots."""
    servers = [
        _server(one, slot, weight, GRPC_INSIDE) + OVER_GRPC
        for slot, weight in one.weights(MAX_WEIGHT).items()
    ]
    return GRPC.format(bound=GRPC_PORT, balance="random(2)", servers="\n".join(servers))
