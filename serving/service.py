"""The BentoML service: workers and health are its own, our routes stand in front.

The only import of bentoml, which is slow: the supervising process does without.
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
    """The package in memory; a worker that can't load it ends the whole server."""
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
    """Refuse versions that lack what this server builds on; the whole server ends then."""
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
    """Go on where the worker before this one ended, before the first metric is made."""
    from monitoring.exposition.worker_files import worker_name
    from monitoring.metrics.registry import use_worker_files

    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if folder is not None:
        use_worker_files(worker_name(Path(folder), number))


class Model:
    """A packaged model; its routes are described at ``/docs``."""


class FrontedService(bentoml.Service[Any]):  # type: ignore[misc]
    """A service whose ASGI application has ``App`` in front of it."""

    def to_asgi(self, is_main: bool = True) -> ASGIApp:
        """Our application around BentoML's, on a server of ours."""
        _check_libraries()
        from serving.app import App
        from serving.http import logs, server
        from serving.http.worker_table import Workers

        logs.to_json()
        shared_descriptors.dump_stacks_on_signal()
        number = bentoml.server_context.worker_index or 0
        _keep_counts(number)
        inner: ASGIApp = super().to_asgi(is_main=is_main)
        logs.to_json()  # what BentoML set up meanwhile too
        workers = Workers(shared_descriptors.table(), number)
        app = App(inner, settings, load, workers.busy)
        server.install(app, app.drain, workers)
        return app


svc = FrontedService(
    name="model",
    inner=Model,
    config={
        "workers": settings.workers or manifest.serve.workers,
        # Our own deadline comes first.
        "traffic": {"timeout": settings.deadline_seconds + 30},
        "logging": {"access": {"enabled": False}},
        # Twenty series for each path it answers, and it answers health and the viewer's files only.
        "metrics": {"enabled": False},
    },
)
