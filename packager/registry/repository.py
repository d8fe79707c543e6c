"""A repository of a registry: where its blobs and manifests are asked for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

from docker.auth import INDEX_NAME

from packager.errors import PackageError
from packager.registry.authorization import Scopes
from packager.registry.reference import RegistryReference
from packager.registry.session import MAX_SMALL, RegistrySession
from packager.registry.transport import Body, RegistryAnswer


@dataclass(frozen=True)
class RegistryRepository:
    """Requests about one repository; threads may share it."""

    session: RegistrySession
    name: str
    """As the registry calls it: ``team/model``."""
    scopes: Scopes

    def request(
        self,
        method: str,
        path: str,
        *,
        body: Body | None = None,
        headers: Mapping[str, str] | None = None,
        limit: int = MAX_SMALL,
        also: Scopes = (),
    ) -> RegistryAnswer:
        """As ``RegistrySession.request``; ``path`` is below the repository, or a whole address.

        ``also``: further scopes that the token has to have.
        """
        return self.session.request(
            method,
            self._url_path(path),
            self.scopes + also,
            body=body,
            headers=headers,
            limit=limit,
        )

    def stream(
        self, path: str, headers: Mapping[str, str]
    ) -> AbstractContextManager[tuple[RegistryAnswer, Iterator[bytes]]]:
        """As ``RegistrySession.stream``, below the repository."""
        return self.session.stream(self._url_path(path), self.scopes, headers)

    def refusal(self, action: str, answer: RegistryAnswer) -> PackageError:
        """The error for an answer that is not what ``action`` needs."""
        if answer.status in (401, 403):
            return self.session.authorization.denied(f"{action} in {self.name}")
        if answer.status == 404:
            return PackageError(
                f"{self}: the registry has none: can't {action}", "check the name, tag or digest"
            )
        return PackageError(
            f"{self}: the registry refused to {action}: {answer.summary}",
            "try again later, or ask who runs the registry",
        )

    def _url_path(self, path: str) -> str:
        return path if path.startswith(("https://", "http://")) else f"/v2/{self.name}/{path}"

    def __str__(self) -> str:
        return f"{self.session.host}/{self.name}"


def open_repository(
    reference: RegistryReference,
    *,
    write: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> RegistryRepository:
    """The repository of ``reference``; nothing is sent before the first request.

    ``write``: ask for permission to push, too.
    """
    name = reference.repository
    if reference.host == INDEX_NAME and "/" not in name:
        name = f"library/{name}"
    actions = "pull,push" if write else "pull"
    session = RegistrySession(reference.host, reference.repository, sleep)
    return RegistryRepository(session, name, (f"repository:{name}:{actions}",))
