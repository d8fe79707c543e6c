"""What hosting platforms set in a container: the port to listen on, and their own routes.

SageMaker starts an image as ``docker run IMAGE serve`` and asks port 8080; Cloud Run sets ``PORT``;
Vertex AI sets ``AIP_HTTP_PORT`` and may set routes. Standard library only: the health check reads
this too, and has to be quick.
"""

from __future__ import annotations

from collections.abc import Mapping

PORT_VARIABLES = ("MODEL_PORT", "SAGEMAKER_BIND_TO_PORT", "AIP_HTTP_PORT", "PORT")
"""The first one that is set counts."""
DEFAULT_PORT = 3000
SERVE_PORT = 8080
"""Where ``serve`` listens, the command in the image, if no variable is set."""
HEALTH_ROUTE = "AIP_HEALTH_ROUTE"
PREDICT_ROUTE = "AIP_PREDICT_ROUTE"


def port_variable(environment: Mapping[str, str]) -> str:
    """The variable that says which port to listen on; ``MODEL_PORT`` where none is set."""
    return next((name for name in PORT_VARIABLES if environment.get(name)), PORT_VARIABLES[0])


def ports_to_try(environment: Mapping[str, str]) -> tuple[int, ...]:
    """Where a server of this container may listen: a health check isn't told of ``serve``."""
    text = environment.get(port_variable(environment))
    return (int(text),) if text else (DEFAULT_PORT, SERVE_PORT)
