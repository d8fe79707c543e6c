"""The objects that the routes share."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Concatenate, ParamSpec, TypeVar

from packager.tracker.notify.channels import Channel
from packager.tracker.service.auth import Authenticator, Principal
from packager.tracker.service.problems import RefusedError
from packager.tracker.service.settings import ServiceSettings
from packager.tracker.service.sources import ServiceSources
from packager.tracker.service.tracker import Tracker
from packager.tracker.store.quota import QuotaExceededError, spend
from packager.tracker.store.writer import Writer

Asked = ParamSpec("Asked")
Result = TypeVar("Result")


@dataclass(frozen=True)
class ServiceContext:
    """Of one service."""

    tracker: Tracker
    settings: ServiceSettings
    auth: Authenticator
    sources: ServiceSources
    channels: tuple[Channel, ...] = ()
    """Channels for messages about urgent issues."""

    async def write_as(
        self,
        who: Principal,
        function: Callable[Concatenate[Writer, Asked], Result],
        *args: Asked.args,
        **options: Asked.kwargs,
    ) -> Result:
        """``function(writer, …)`` in a transaction, within what ``who`` may add in a day.

        Raises ``RefusedError`` 429; then nothing is changed.
        """
        now = self.tracker.clock()

        def run(store: Writer) -> Result:
            returned = function(store, *args, **options)
            spend(store, who.name, now)
            return returned

        try:
            return await self.tracker.write(run)
        except QuotaExceededError as error:
            wait = {"retry-after": str(max(1, math.ceil(error.seconds)))}
            raise RefusedError(429, "too_many", str(error), wait) from None
