"""The proxy before the replicas of one model: configuration of HAProxy.

A model has two slots, one of which serves; an update starts the new version in the other one and
moves the traffic by weights. Names of absent services don't resolve, and their servers are down.
"""

from __future__ import annotations

from packager.deploy.configuration import PROXY_METRICS_PORT
from packager.deploy.fleet import MAX_REPLICAS, SLOTS, Member
from packager.image.config import PORT

CONFIG_FOLDER = "/usr/local/etc/haproxy"
SOCKET = "/run/haproxy/admin.sock"
"""Commands that change weights at run time; only the containers of the volume reach it."""
SLOT_PORTS = {slot: PORT + 1 + number for number, slot in enumerate(SLOTS)}
"""Slot → port of the proxy that reaches this slot alone."""
MAX_WEIGHT = 100
BUFFER_BYTES = 128 * 1024
MAX_BUFFERS = 1_200
TEMPLATE = """\
# The proxy of {name}. Weights: what `package deploy update` moves, {high} in sum.
global
  log stdout format raw local0 notice
  stats socket {socket} mode 600 level admin
  nbthread 2
  maxconn 4096
  # Requests up to this size, less 1 KiB for headers that are added, are kept until they are
  # answered, and sent to another replica if theirs ends without an answer.
  tune.bufsize {buffer}
  # So many buffers fit in the container's memory; requests beyond wait.
  tune.buffers.limit {buffers}

resolvers docker
  nameserver dns 127.0.0.11:53
  accepted_payload_size 8192
  timeout resolve 1s
  timeout retry 1s
  hold valid 1s
  hold obsolete 2s
  hold nx 1s
  hold other 2s

defaults
  log global
  mode http
  option httplog
  option dontlog-normal
  option redispatch 1
  retries 3
  # Predictions may be asked again; a label counts once, by its token.
  retry-on conn-failure empty-response 503
  # Only a request that is here as a whole can be sent again.
  option http-buffer-request
  timeout connect 2s
  timeout check 5s
  timeout http-request {timeout}s
  # Shorter than the server's, which would close connections that are about to be used.
  timeout http-keep-alive 60s
  # The deadline of a request ({deadline} s) and some.
  timeout client {timeout}s
  timeout server {timeout}s

frontend metrics
  bind :{metrics}
  http-request use-service prometheus-exporter if {{ path /metrics }}
  monitor-uri /healthz

frontend model
  bind :{port}
  default_backend model

backend model
  balance leastconn
  option httpchk GET /readyz
{servers}
{slots}"""
SERVER = (
    # ``inter`` limits the time to connect, too: a loaded machine takes more than a second.
    "  server-template {slot} {replicas} {service}:{port} weight {weight} check inter 3s "
    "downinter 1s fall 3 rise 1 observe layer4 error-limit 1 on-error mark-down "
    "resolvers docker resolve-prefer ipv4 init-addr none"
)
SLOT = """
frontend {slot}
  bind :{bound}
  default_backend {slot}

backend {slot}
  option httpchk GET /readyz
{server}
"""


def proxy_config(one: Member, deadline_seconds: float = 30) -> str:
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
        socket=SOCKET,
        deadline=round(deadline_seconds),
        timeout=round(deadline_seconds) + 15,
        metrics=PROXY_METRICS_PORT,
        buffer=BUFFER_BYTES,
        buffers=MAX_BUFFERS,
        port=PORT,
        servers="\n".join(servers),
        slots="".join(slots),
    )


def _server(one: Member, slot: str, weight: int) -> str:
    return SERVER.format(
        slot=slot,
        replicas=MAX_REPLICAS,
        service=one.slot_service(slot),
        port=PORT,
        weight=weight,
    )
