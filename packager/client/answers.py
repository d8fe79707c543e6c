"""Responses of a server, validated before use, because the address may be of any server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from modelhost.text import truncate

MAX_MESSAGE = 2_000
"""Characters of an error's message that are shown."""


@dataclass(frozen=True)
class Prediction:
    """The answer to one row."""

    prediction: Any
    """A label or a number; of a package with ``[outputs]`` any JSON."""
    probabilities: Mapping[str, Any] | None
    """By label, of several outputs by output and label; None if the model gives none."""
    flags: tuple[str, ...]
    """Anomalies of the row: ``carat:out_of_range``."""
    token: str | None
    """For ``feedback``; None if the server gives none."""


@dataclass(frozen=True)
class FeedbackReceipt:
    """The server's result for the labels sent."""

    accepted: int
    rejected: tuple[tuple[int, str], ...]
    """(index, reason) of each rejected label."""
    skipped: int
    """Pairs without a label yet: send the token again with its label."""


@dataclass(frozen=True)
class ServerError:
    """The error of a rejected request; ``row`` is the index in the request."""

    message: str
    row: int | None


def parse_json(text: bytes) -> Any:
    """The JSON document; ``ValueError`` if it is invalid or nested too deeply."""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def parse_prediction(element: Any) -> Prediction:
    """One element of ``predictions``; ``ValueError`` if it is invalid."""
    if not isinstance(element, dict) or "prediction" not in element:
        raise ValueError("a prediction")
    value, probabilities = element["prediction"], element.get("probabilities")
    flags, token = element.get("flags", []), element.get("token")
    if not (probabilities is None or _are_probabilities(probabilities)):
        raise ValueError("probabilities by label")
    if not (isinstance(flags, list) and all(isinstance(flag, str) for flag in flags)):
        raise ValueError("flags as a list of text")
    if not isinstance(token, str | None):
        raise ValueError("a token that is text")
    return Prediction(value, probabilities, tuple(flags), token)


def parse_feedback(answer: Any, sent: int) -> FeedbackReceipt:
    """The result for ``sent`` labels; ``ValueError`` unless it accounts for each of them once."""
    counts = [answer.get(name) for name in ("accepted", "skipped")]
    listed = answer.get("rejected")
    if not (
        all(type(count) is int and count >= 0 for count in counts) and isinstance(listed, list)
    ):
        raise ValueError("counts of labels and a list of rejected ones")
    if sum(counts) + len(listed) != sent:
        raise ValueError(f"results for {sent} labels")
    rejected = tuple(_rejected(one, sent) for one in listed)
    if len({index for index, _ in rejected}) != len(rejected):
        raise ValueError("every rejected label once")
    return FeedbackReceipt(counts[0], rejected, counts[1])


def parse_error(text: bytes) -> ServerError:
    """The body of a response other than 200; ``ValueError`` if it has another format."""
    body = parse_json(text)
    failure = body.get("error") if isinstance(body, dict) else None
    if not isinstance(failure, dict) or not isinstance(failure.get("message"), str):
        raise ValueError("an error with a message")
    row = failure.get("row")
    return ServerError(truncate(failure["message"], MAX_MESSAGE), row if type(row) is int else None)


def _are_probabilities(probabilities: Any) -> bool:
    return isinstance(probabilities, dict) and (
        all(map(_is_probability, probabilities.values()))
        or all(
            isinstance(one, dict) and all(map(_is_probability, one.values()))
            for one in probabilities.values()
        )
    )


def _is_probability(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _rejected(entry: Any, sent: int) -> tuple[int, str]:
    index, reason = (
        (entry.get("index"), entry.get("reason")) if isinstance(entry, dict) else (None, None)
    )
    if type(index) is not int or not 0 <= index < sent or not isinstance(reason, str):
        raise ValueError("the index and the reason of each rejected label")
    return index, truncate(reason)
