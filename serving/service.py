"""The BentoML service: BentoML runs workers and health checks, our routes are in front.

The only module that imports bentoml, which is slow: the supervisor doesn't need it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bentoml

from packager.errors import PackageError
from packager.manifest.manifest import Manifest
from serving.processes import shared_descriptors
from serving.settings import Settings
from serving.unsupported_version import unsupported_version

if TYPE_CHECKING:
    from serving.http.asgi import ASGIApp
    from serving.prediction.predictor import Predictor

settings = Settings.from_environment()
manifest = Manifest.load(settings.root.package / "manifest.json")


def load() -> Predictor:
    """Load the package; a worker that can't load it ends the whole server."""
    from serving import routes
    from serving.http import server
    from serving.prediction.predictor import Predictor

    try:
        server.check_server_class()
        return Predictor.load(settings, manifest, routes.MEASURED)
    except PackageError as error:
        shared_descriptors.report_fatal(error)
        raise


def _check_libraries() -> None:
    """Refuse unsupported versions of libraries; an error ends the whole server."""
    from monitoring.exposition.library_check import UnsupportedLibraryError, check_library
    from serving.http.uvicorn_check import check_uvicorn

    try:
        check_uvicorn()
        check_library()
    except UnsupportedLibraryError as found:
        error = unsupported_version("prometheus-client", found.expected, found.got)
        shared_descriptors.report_fatal(error)
        raise error from found
    except PackageError as error:
        shared_descriptors.report_fatal(error)
        raise


def _keep_counts(number: int) -> None:
    """Continue the counters of the previous worker, before the first metric is created."""
    from monitoring.exposition.worker_files import worker_name
    from monitoring.metrics.registry import use_worker_files

    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if folder is not None:
        use_worker_files(worker_name(Path(folder), number))


class Model:
    """A packaged model; its routes are documented at ``/docs``."""


class FrontedService(bentoml.Service[Any]):  # type: ignore[misc]
    """A service whose ASGI application has ``App`` in front of it."""

    def to_asgi(self, is_main: bool = True) -> ASGIApp:
        """Our application around BentoML's, run by our server class."""
        _check_libraries()
        from serving.app import App
        from serving.http import logs, server
        from serving.http.worker_table import Workers

        logs.to_json()
        shared_descriptors.dump_stacks_on_signal()
        number = bentoml.server_context.worker_index or 0
        _keep_counts(number)
        inner: ASGIApp = super().to_asgi(is_main=is_main)
        logs.to_json()  # again, for the loggers that BentoML has set up
        workers = Workers(shared_descriptors.table(), number)
        app = App(inner, settings, load, workers.busy)
        server.install(app, app.drain, workers)
        return app


svc = FrontedService(
    name="model",
    inner=Model,
    config={
        "workers": settings.workers or manifest.serve.workers,
        # Longer than our own deadline, which applies first.
        "traffic": {"timeout": settings.deadline_seconds + 30},
        "logging": {"access": {"enabled": False}},
        # They have twenty series per path, for health and the viewer's files only.
        "metrics": {"enabled": False},
    },
)
