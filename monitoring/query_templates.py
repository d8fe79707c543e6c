"""Queries and texts with a place for the labels of an alert: ``{slice}``.

In a query a label is put in as a PromQL string, so no label can change what is asked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

PLACE = re.compile(r"\{([a-z_]+)\}")
"""A place for a label; no selector of PromQL looks like one, because it has an operator."""


def filled_query(template: str, labels: Mapping[str, str]) -> str:
    """``template`` with each label as a quoted string; an absent one is empty, as in PromQL."""
    return PLACE.sub(lambda match: _quoted(labels.get(match[1], "")), template)


def filled_text(template: str, labels: Mapping[str, str]) -> str:
    """``template`` with each label as it is."""
    return PLACE.sub(lambda match: labels.get(match[1], ""), template)


def _quoted(text: str) -> str:
    """A PromQL string; half a surrogate pair, which Prometheus refuses, is replaced."""
    whole = text.encode("utf-8", "replace").decode()
    return json.dumps(whole, ensure_ascii=False)
