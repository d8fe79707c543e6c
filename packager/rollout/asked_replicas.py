"""A program that asks every replica behind a DNS name, in a container of their network.

Replicas have no port on the host, and those of a Swarm run on any host.
"""

from __future__ import annotations

import json

from packager.errors import PackageError
from packager.replicas.counters import CounterTotals, ModelSelector, sum_answers
from packager.replicas.shadow import SHADOW_NAMES

FETCH = """
import json, socket, sys, time, urllib.request
name, port, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
key = (open(sys.argv[4]) if len(sys.argv) > 4 else sys.stdin).read().strip()
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
wanted = ("model_shadow_", "model_package_info", "model_label_design_effect")

def answer(address):
    host = "[%s]" % address if ":" in address else address
    headers = {"Authorization": "Bearer " + key} if key else {}
    asked = urllib.request.Request("http://%s:%d%s" % (host, port, path), headers=headers)
    with opener.open(asked, timeout=30) as told:
        text = told.read(64 << 20).decode()
    if not path.endswith("/metrics"):
        return text
    return "\\n".join(line for line in text.splitlines() if line.startswith(wanted)) + "\\n"

for tries in range(3):
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
        answers = [answer(address) for address in sorted({one[4][0] for one in found})]
        break
    except OSError as error:
        told = "%s:%d%s: %s: %s" % (name, port, path, type(error).__name__, error)
        time.sleep(2)
else:
    sys.exit(told)
print(json.dumps(answers))
"""
"""Program with the arguments NAME, PORT, PATH and the file of a key, which is stdin otherwise and
may be empty: prints a JSON list of what each address of the DNS name NAME answers; of ``/metrics``
the lines about a shadow."""


RESOLVE = """
import json, socket, sys

def addresses(name):
    try:
        found = socket.getaddrinfo(name, None, family=socket.AF_INET, type=socket.SOCK_STREAM)
    except socket.gaierror:
        return []
    return sorted({one[4][0] for one in found})

print(json.dumps([addresses(name) for name in sys.argv[1:]]))
"""
"""Program with names as arguments: prints a JSON list of the addresses of each, of none too."""


def parse_answers(said: str, where: str) -> list[str]:
    """The answers that ``FETCH`` printed of ``where``; raises ``PackageError`` for others."""
    try:
        answers = json.loads(said)
        if not isinstance(answers, list) or not all(isinstance(answer, str) for answer in answers):
            raise ValueError("no list of texts")
    except ValueError as error:
        raise PackageError(
            f"{where}: expected answers, got {said[:80]!r}", "see the log of a replica"
        ) from error
    return answers


def shadow_counts(said: str, model: str, version: str) -> CounterTotals:
    """The sums of what ``FETCH`` printed of ``/metrics``, of the serving ``version`` of ``model``.

    Raises ``PackageError`` for other output, or metrics of another version.
    """
    where = f"the replicas of {model} {version}"
    answers = parse_answers(said, where)
    return sum_answers(answers, where, ModelSelector(model, version), SHADOW_NAMES)
