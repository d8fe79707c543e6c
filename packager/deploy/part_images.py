"""Images of the services beside a model: one table for all targets, and digests in their place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from packager.deploy.parts import ALERTMANAGER, GRAFANA, PROMETHEUS, REDIS, TRACKER
from packager.errors import UsageError
from packager.image.tracker_files import tracker_tag

PROXY = "proxy"
PART_IMAGES: Mapping[str, str] = {
    PROXY: "haproxy:2.8-alpine",
    PROMETHEUS: "prom/prometheus:v2.53.4",
    ALERTMANAGER: "prom/alertmanager:v0.27.0",
    GRAFANA: "grafana/grafana:11.5.2",
    REDIS: "redis:7.2-alpine",
}
"""Service → its image, by the tag of a fixed version."""
PINNED = re.compile(r"[a-zA-Z0-9][\w.:/-]*@sha256:[0-9a-f]{64}", re.ASCII)


def parsed_pins(
    texts: Iterable[str], known: Sequence[str] = (*PART_IMAGES, TRACKER)
) -> dict[str, str]:
    """Service → image by digest, of ``SERVICE=IMAGE``; an empty image takes a pin back.

    ``known``: the services that a target has. Raises ``UsageError`` that says what is wrong.
    """
    pins = {}
    for text in texts:
        name, equal, image = text.partition("=")
        if not equal or name not in known:
            raise UsageError(
                f"--pin: expected SERVICE=IMAGE with one of {', '.join(known)}, got {text!r}",
                "for example redis=redis@sha256:…; an empty IMAGE takes a pin back",
            )
        if image and not PINNED.fullmatch(image):
            raise UsageError(
                f"--pin {name}: expected NAME@sha256:… with 64 hexadecimal digits, got {image!r}",
                "`docker buildx imagetools inspect NAME:TAG` or `skopeo inspect` shows the digest",
            )
        pins[name] = image
    return pins


def with_pins(known: Mapping[str, str], new: Mapping[str, str]) -> dict[str, str]:
    """``known`` with those of ``new``, and without the ones that it takes back."""
    return {name: image for name, image in sorted({**known, **new}.items()) if image}


def part_image(name: str, pins: Mapping[str, str]) -> str:
    """The image of a service: its pin, else the tag of the table."""
    return pins.get(name) or (tracker_tag() if name == TRACKER else PART_IMAGES[name])


def compose_image(name: str, pins: Mapping[str, str]) -> str:
    """The image in a Compose file, where a variable may name another one."""
    return f"${{{name.upper()}_IMAGE:-{part_image(name, pins)}}}"
