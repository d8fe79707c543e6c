"""Addresses that a user gives: the image in a private repository, the role, a topic."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from packager.errors import UsageError

PARTITION = r"arn:(?P<partition>aws[a-z-]*)"
IMAGE = re.compile(
    r"(?P<account>\d{12})\.dkr\.[a-z0-9-]+\.(?P<region>[a-z]{2}[a-z0-9-]+-\d)\.[a-z0-9.]+"
    r"/(?P<repository>[a-z0-9][a-z0-9._/-]*)@sha256:[0-9a-f]{64}"
)
ROLE = re.compile(PARTITION + r":iam::(?P<account>\d{12}):role/[\w+=,.@/-]+")
TOPIC = re.compile(PARTITION + r":sns:[a-z0-9-]+:\d{12}:[\w-]+(?:\.fifo)?")
"""Of SNS, which tells people."""
MAX_IMAGE = 255


@dataclass(frozen=True)
class ImageAddress:
    """``ACCOUNT.dkr.….REGION.…/NAME@sha256:…``."""

    text: str
    account: str
    region: str
    repository: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``--image``; raises ``UsageError`` for another address."""
        match = IMAGE.fullmatch(text)
        if match is None or len(text) > MAX_IMAGE:
            raise UsageError(
                f"--image: expected ACCOUNT.dkr.….REGION.…/NAME@sha256:…, got {text!r}",
                "push the image to a private repository of your account, which is where SageMaker "
                "pulls from, and give the address with the digest",
            )
        return cls(text, match["account"], match["region"], match["repository"])


@dataclass(frozen=True)
class RoleAddress:
    """``arn:aws:iam::ACCOUNT:role/NAME``."""

    text: str
    partition: str
    account: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``--role``; raises ``UsageError`` for another address."""
        match = ROLE.fullmatch(text)
        if match is None:
            raise UsageError(
                f"--role: expected arn:aws:iam::ACCOUNT:role/NAME, got {text!r}",
                "make a role with iam-trust.json and iam-policy.json of the model's folder: "
                "the first call may name a role that you make afterwards",
            )
        return cls(text, match["partition"], match["account"])
