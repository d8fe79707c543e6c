"""Commands to the proxy of a model, by its admin socket: weights, and counts of its servers.

Only containers of the socket's volume reach it. A one-shot container of the model's image, without
the network, sends the commands; each answer is checked.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from packager.deploy.compose.services import PROXY_USER
from packager.deploy.fleet import MAX_REPLICAS, DeployedModel
from packager.deploy.proxy import SOCKET
from packager.errors import PackageError
from packager.image.runtime import VENV
from packager.rollout.compose_command import ComposeCommand

BACKEND, GRPC_BACKEND = "model", "grpc"
SCRIPT = f"""
import json, socket, sys
found = []
for line in sys.stdin.read().splitlines():
    with socket.socket(socket.AF_UNIX) as proxy:
        proxy.settimeout(10)
        proxy.connect("{SOCKET}")
        proxy.sendall(line.encode() + b"\\n")
        parts = []
        while part := proxy.recv(65536):
            parts.append(part)
    found.append(b"".join(parts).decode())
print(json.dumps(found))
"""


@dataclass(frozen=True)
class ProxyServer:
    """The proxy's state of one port of a replica: counts since the proxy started."""

    backend: str
    slot: str
    up: bool
    weight: int
    current: int
    """Requests that it is answering."""
    answered: int
    failed: int
    """Answers with a status from 500, lost connections, and requests it did not answer."""


@dataclass(frozen=True)
class SlotTraffic:
    """Requests to one slot."""

    requests: int
    failures: int

    def since(self, before: SlotTraffic) -> SlotTraffic:
        """The counts after ``before``; nothing if the proxy was started again since."""
        return SlotTraffic(
            max(0, self.requests - before.requests), max(0, self.failures - before.failures)
        )


def parse_servers(text: str) -> list[ProxyServer]:
    """The servers of both slots in the answer to ``show stat``; those of gRPC are further ones.

    Raises ``PackageError`` for another answer. Fields are those of HAProxy's management guide,
    section 9.1.
    """
    rows = csv.DictReader(io.StringIO(text.removeprefix("# ")))
    reason: Exception | None = None
    servers: list[ProxyServer] = []
    try:
        for row in rows:
            ours = row["pxname"] in (BACKEND, GRPC_BACKEND)
            if ours and row["svname"] not in ("FRONTEND", "BACKEND"):
                servers.append(_server(row))
    except (KeyError, ValueError, TypeError) as error:
        reason = error
    if reason is not None or not servers:
        raise PackageError(
            f"expected the proxy's counts, got {text[:80]!r}", "see the log of the proxy"
        ) from reason
    return servers


def _server(row: Mapping[str, str]) -> ProxyServer:
    statuses = sum(_count(row[f"hrsp_{kind}"]) for kind in ("1xx", "2xx", "3xx", "4xx", "5xx"))
    lost = _count(row["econ"]) + _count(row["eresp"])
    return ProxyServer(
        backend=row["pxname"],
        slot=row["svname"].rstrip("0123456789"),
        up=row["status"].startswith("UP"),
        weight=_count(row["uweight"]),
        current=_count(row["scur"]),
        answered=statuses + lost,
        failed=_count(row["hrsp_5xx"]) + lost,
    )


def _count(text: str) -> int:
    return int(text or 0)


def parse_addresses(text: str) -> dict[str, str]:
    """``BACKEND/SERVER`` → address, of the answer to ``show servers state``; those of traffic.

    Fields are those of HAProxy's management guide, section 9.3. Raises ``PackageError`` for another
    answer.
    """
    lines = [line for line in text.splitlines() if line.strip() and line.strip() != "1"]
    rows = csv.DictReader(io.StringIO("\n".join(lines).removeprefix("# ")), delimiter=" ")
    try:
        return {
            f"{row['be_name']}/{row['srv_name']}": row["srv_addr"]
            for row in rows
            if row["be_name"] in (BACKEND, GRPC_BACKEND)
        }
    except KeyError as error:
        raise PackageError(
            f"expected the proxy's servers, got {text[:80]!r}", "see the log of the proxy"
        ) from error


def traffic(servers: Iterable[ProxyServer], slot: str) -> SlotTraffic:
    """The requests to one slot."""
    slot_servers = [server for server in servers if server.slot == slot]
    return SlotTraffic(
        sum(one.answered for one in slot_servers), sum(one.failed for one in slot_servers)
    )


class ProxyControl:
    """The proxy of one model of a folder."""

    def __init__(self, compose: ComposeCommand, one: DeployedModel) -> None:
        self._compose = compose
        self._one = one

    def servers(self) -> list[ProxyServer]:
        """The replicas of both slots, with those that are not there."""
        return parse_servers(self._send(["show stat"])[0])

    def up(self, slot: str) -> int:
        """Number of replicas of a slot that the proxy finds ready."""
        return sum(
            server.up
            for server in self.servers()
            if (server.backend, server.slot) == (BACKEND, slot)
        )

    def set_weights(self, weights: Mapping[str, int]) -> None:
        """Give each replica of each slot its weight; raises ``PackageError`` if one has another.

        The proxy does one command after the other. The highest weights come first: while all are 0,
        requests would be answered 503.
        """
        backends = (BACKEND, GRPC_BACKEND) if self._one.grpc else (BACKEND,)
        commands = [
            f"set weight {backend}/{slot}{number} {weight}"
            for backend in backends
            for slot, weight in sorted(weights.items(), key=lambda one: -one[1])
            for number in range(1, MAX_REPLICAS + 1)
        ]
        *answers, stat = self._send([*commands, "show stat"])
        for command, answer in zip(commands, answers, strict=True):
            if answer.strip():
                raise self._wrong(command, answer)
        for one in parse_servers(stat):
            if one.weight != weights.get(one.slot, one.weight):
                raise self._wrong(f"weight {weights[one.slot]} of {one.slot}", str(one.weight))

    def set_aside(self, addresses: Iterable[str]) -> None:
        """Send no new request to the replicas with these addresses, until ``set_weights``."""
        distinct = set(addresses)
        servers = parse_addresses(self._send(["show servers state"])[0])
        names = [name for name, address in sorted(servers.items()) if address in distinct]
        commands = [f"set weight {name} 0" for name in names]
        if not commands:
            return
        for command, answer in zip(commands, self._send(commands), strict=True):
            if answer.strip():
                raise self._wrong(command, answer)

    def _send(self, commands: Sequence[str]) -> list[str]:
        output = self._compose.run(
            *("run", "--rm", "--no-deps", "-T", "--user", PROXY_USER, f"state-{self._one.proxy}"),
            *(f"/{VENV}/bin/python", "-c", SCRIPT),
            text="\n".join(commands),
            seconds=60,
        )
        try:
            answers = list(json.loads(output))
        except ValueError as error:
            raise self._wrong(commands[0], output) from error
        if len(answers) != len(commands):
            raise self._wrong(commands[0], output)
        return [str(answer) for answer in answers]

    def _wrong(self, command: str, answer: str) -> PackageError:
        return PackageError(
            f"{self._one.proxy}: {command}: expected it done, got {answer.strip()[:200]!r}",
            "see the log of the proxy: docker compose logs " + self._one.proxy,
        )
