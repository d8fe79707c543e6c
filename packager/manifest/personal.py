"""The kinds of personal data."""

from __future__ import annotations

from typing import Literal

Personal = Literal[
    "e-mail addresses",
    "phone numbers",
    "payment cards",
    "bank accounts",
    "national ids",
    "IP addresses",
    "birth dates",
    "postal addresses",
    "names of people",
    "personal data",
]
"""Kind of personal data in a column; the last if only ``[data] personal`` declares it."""
