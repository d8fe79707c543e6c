"""A saved base image."""

from __future__ import annotations

from packager.environment.platform import host_target
from packager.image.base.base import SavedBase
from packager.image.base.probe import HOST_VERSION

SAID = "3.11 glibc 2.36 3.11.2 (main, Mar 13 2023) [GCC 12.2.0]\n"


def saved(**changes) -> SavedBase:
    facts = {
        "reference": "nice/python:3.11",
        "platform": "linux/amd64",
        "diff_ids": (),
        "sizes": (),
        "env": (),
        "interpreter": "/usr/bin/python3",
        "python": "3.11",
        "version": "3.11.2",
        "glibc": (2, 36),
        "said": SAID,
        "origin": "elsewhere",
    }
    return SavedBase.model_validate({**facts, **changes})


def of_this_machine(**changes) -> SavedBase:
    """A base that a build without an engine can use, but for ``changes``."""
    host = host_target()
    assert host is not None
    facts = {"python": host.python, "version": HOST_VERSION, "glibc": host.glibc}
    return saved(**{"platform": host.platform, **facts, **changes})
