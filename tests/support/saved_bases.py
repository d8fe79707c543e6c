"""A saved base image."""

from __future__ import annotations

from packager.image.base.base import SavedBase

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
