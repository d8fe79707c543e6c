"""Queries and legends with what a person chose in place of variables and labels."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from packager.deploy.prometheus.promql import quoted

_MATCHER = re.compile(r'\b(model|version|slice|feature)(=~?)"\$\1"')
_LABEL = re.compile(r"\{\{(\w+)\}\}")
_TITLE = re.compile(r"\$(slice|feature)\b")
_SPECIAL = re.compile(r"[^\w\s:,@%&=<>/'\"~#!;`-]", re.ASCII)


@dataclass(frozen=True)
class VariableValues:
    """The values of the variables."""

    model: str | None = None
    """None: every model."""
    versions: tuple[str, ...] = ()
    """Empty: every version."""
    slice: str = "__all__"
    feature: str = ""

    def filled(self, expression: str) -> str:
        """``expression`` for Prometheus: names may have any characters."""
        return _MATCHER.sub(self._matcher, expression)

    def title(self, text: str) -> str:
        """The title of a panel."""
        known = {"slice": self.slice, "feature": self.feature}
        return _TITLE.sub(lambda match: known[match[1]], text)

    def _matcher(self, match: re.Match[str]) -> str:
        name, operator = match[1], match[2]
        one = {"model": self.model, "slice": self.slice, "feature": self.feature}
        values = self.versions if name == "version" else (one[name],)
        known = [value for value in values if value is not None]
        if operator == "=":
            return f"{name}={quoted(known[0] if known else '')}"
        pattern = "|".join(map(escaped_pattern, known)) if known else ".*"
        return f"{name}=~{quoted(pattern)}"


def escaped_pattern(text: str) -> str:
    """A regular expression of RE2 that matches ``text`` only."""
    return _SPECIAL.sub(lambda match: "\\" + match[0] if ord(match[0]) < 128 else match[0], text)


def named(legend: str, labels: Mapping[str, str]) -> str:
    """A legend with the labels of a series in place of ``{{label}}``."""
    return _LABEL.sub(lambda match: labels.get(match[1], ""), legend).strip()
