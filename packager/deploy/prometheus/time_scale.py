"""Rules on a shorter time scale, so that a drill sees in minutes what usually takes hours."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from packager.deploy.prometheus.rules import Alert, Group, Record

WINDOW = re.compile(r"(?<=\[)(\d+)([smhdw])(?=\])|(?<=offset )(\d+)([smhdw])")
"""A range such as ``[5m]``, or an offset. Names of recorded series keep their windows."""
SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def scaled_groups(groups: Sequence[Group], scale: int) -> list[Group]:
    """``groups`` with every window, ``for`` and interval divided by ``scale``.

    Each is a whole number of minutes, so a divisor of 60 leaves whole seconds.
    """
    return [
        Group(
            group.name,
            duration(group.interval, scale),
            [_rule(rule, scale) for rule in group.rules],
        )
        for group in groups
    ]


def scaled_query(expression: str, scale: int) -> str:
    """``expression`` with its windows divided by ``scale``."""
    if scale == 1:
        return expression
    return WINDOW.sub(lambda match: duration(match[0], scale), expression)


def scaled_tests(document: dict[str, Any], scale: int) -> dict[str, Any]:
    """A test file whose minutes last as long as those of the scaled rules."""
    if scale == 1:
        return document
    tests = [
        {
            **test,
            "interval": duration(test["interval"], scale),
            "promql_expr_test": [
                {
                    **one,
                    "expr": scaled_query(one["expr"], scale),
                    "eval_time": duration(one["eval_time"], scale),
                }
                for one in test["promql_expr_test"]
            ],
        }
        for test in document["tests"]
    ]
    every = duration(document["evaluation_interval"], scale)
    return {**document, "evaluation_interval": every, "tests": tests}


def duration(text: str, scale: int) -> str:
    """``text`` (``90m``) over ``scale``, in seconds; unchanged for 1, and at least a second."""
    if scale == 1:
        return text
    seconds = int(text[:-1]) * SECONDS[text[-1]]
    return f"{max(1, seconds // scale) if seconds else 0}s"


def _rule(rule: Record | Alert, scale: int) -> Record | Alert:
    expression = scaled_query(rule.expression, scale)
    if isinstance(rule, Record):
        return replace(rule, expression=expression)
    return replace(rule, expression=expression, holds=duration(rule.holds, scale))
