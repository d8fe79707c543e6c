"""The answers to several requests of one batch in one message, for the worker that asked them.

Its header holds the entries of predictions for all rows, and

    ids      the numbers of the requests, in order
    counts   the rows of each

so that either side encodes, sends and decodes once, whatever the number of requests.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

from modelhost.prediction_messages import decode_predictions, encode_predictions
from modelhost.predictions import Predictions
from modelhost.wire import Message


class PartAnswer(NamedTuple):
    """The answer to one request: some rows of the predictions for its batch."""

    whole: Predictions
    rows: range

    @property
    def message(self) -> Message:
        """The answer as a message of its own."""
        return Message(*encode_predictions(self.whole.at(self.rows)))


def joined(parts: Sequence[tuple[Any, PartAnswer]]) -> Message:
    """One message for these requests, number and answer of each, of the same batch."""
    numbers = [number for number, _ in parts]
    counts = [len(part.rows) for _, part in parts]
    rows = _rows([part.rows for _, part in parts])
    header, buffers = encode_predictions(parts[0][1].whole.at(rows))
    return Message({**header, "ids": numbers, "counts": counts}, buffers)


def separated(answer: Message) -> Iterator[tuple[int, Predictions]]:
    """The number of each request, and the predictions for it.

    Raises ``PackageError``, ``KeyError``, ``TypeError`` or ``ValueError`` for a message of another
    form.
    """
    numbers, counts = answer.header["ids"], answer.header["counts"]
    for indices in (numbers, counts):
        if type(indices) is not list or not all(type(number) is int for number in indices):
            raise ValueError("expected lists of whole numbers")
    predictions = decode_predictions(answer)
    rows = len(predictions.labels)
    if min(counts, default=0) < 1 or len(counts) != len(numbers) or sum(counts) != rows:
        raise ValueError(f"expected answers to {counts} rows, got {rows}")
    chances = predictions.probabilities
    if predictions.more is not None and len(predictions.more) != rows:
        raise ValueError(f"expected {rows} further entries, got {len(predictions.more)}")
    if chances is not None and len(chances) != rows:
        raise ValueError(f"expected probabilities of {rows} rows, got {len(chances)}")
    start = 0
    for number, count in zip(numbers, counts):
        yield number, predictions.at(range(start, start + count))
        start += count


def _rows(parts: Sequence[range]) -> Sequence[int]:
    """The rows of all parts; one range if they follow each other."""
    if all(before.stop == after.start for before, after in zip(parts, parts[1:])):
        return range(parts[0].start, parts[-1].stop)
    return [*chain.from_iterable(parts)]
