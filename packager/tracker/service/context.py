"""What the routes share."""

from __future__ import annotations

from dataclasses import dataclass

from packager.tracker.notify.channels import Channel
from packager.tracker.service.auth import Authenticator
from packager.tracker.service.settings import ServiceSettings
from packager.tracker.service.sources import ServiceSources
from packager.tracker.service.tracker import Tracker


@dataclass(frozen=True)
class ServiceContext:
    """Of one service."""

    tracker: Tracker
    settings: ServiceSettings
    auth: Authenticator
    sources: ServiceSources
    channels: tuple[Channel, ...] = ()
    """Who is told about urgent issues."""
