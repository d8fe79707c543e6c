"""Environment variables that hosting platforms set: the port to listen on, and custom routes.

SageMaker starts an image as ``docker run IMAGE serve`` and uses port 8080; Cloud Run sets ``PORT``;
Vertex AI sets ``AIP_HTTP_PORT`` and may set routes. Standard library only, because the health check
imports this module and has to start fast.
"""

from __future__ import annotations

from collections.abc import Mapping

PORT_VARIABLES = ("MODEL_PORT", "SAGEMAKER_BIND_TO_PORT", "AIP_HTTP_PORT", "PORT")
"""The first one that is set is used."""
DEFAULT_PORT = 3000
DEFAULT_GRPC_PORT = 3001
SERVE_PORT = 8080
"""The port of the image's ``serve`` command if no variable is set."""
HEALTH_ROUTE = "AIP_HEALTH_ROUTE"
PREDICT_ROUTE = "AIP_PREDICT_ROUTE"


def port_variable(environment: Mapping[str, str]) -> str:
    """The variable that sets the port; ``MODEL_PORT`` if none is set."""
    return next((name for name in PORT_VARIABLES if environment.get(name)), PORT_VARIABLES[0])


def ports_to_try(environment: Mapping[str, str]) -> tuple[int, ...]:
    """Ports of this container's server: a health check can't know whether ``serve`` was used."""
    text = environment.get(port_variable(environment))
    return (int(text),) if text else (DEFAULT_PORT, SERVE_PORT)
