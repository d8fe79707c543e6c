"""The BentoML service; the only module that imports bentoml, which is slow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bentoml

from packager.manifest.manifest import Manifest
from serving.http import logs
from serving.settings import Settings
from serving.unsupported_version import unsupported_version

if TYPE_CHECKING:
    from serving.http.asgi import ASGIApp


class PackagedModel:
    """A packaged model; its routes are documented at ``/docs``."""


def application(settings: Settings, manifest: Manifest) -> ASGIApp:
    """BentoML's ASGI application; raises ``PackageError`` for an unsupported version."""
    config = {
        "workers": settings.workers or manifest.serve.workers,
        # Longer than our own deadline, which applies first.
        "traffic": {"timeout": settings.deadline_seconds + 30},
        "logging": {"access": {"enabled": False}},
        # They have twenty series per path, for the viewer's files only.
        "metrics": {"enabled": False},
    }
    try:
        app: ASGIApp = bentoml.Service(name="model", inner=PackagedModel, config=config).to_asgi()
    except (AttributeError, ImportError, TypeError) as error:
        got = f"{type(error).__name__}: {error}"
        raise unsupported_version("bentoml", "Service(…).to_asgi()", got) from error
    finally:
        logs.to_json()  # also for the loggers that BentoML has set up
    return app
