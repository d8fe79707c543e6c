"""``python -m serving.health``: is the local server ready? For an image's HEALTHCHECK.

Standard library only: it runs in milliseconds, and needs no shell or curl.
"""

from __future__ import annotations

import http.client
import os
import sys
from collections.abc import Mapping

from serving.platforms import ports_to_try

TIMEOUT_SECONDS = 5.0


def ready(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether ``GET /readyz`` of the local server answers 200."""
    host = environment.get("MODEL_HOST") or "0.0.0.0"
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return any(_answers(host, port) for port in ports_to_try(environment))


def _answers(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if ready() else 1)
