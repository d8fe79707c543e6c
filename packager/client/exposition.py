"""What ``/metrics`` answers, read by prometheus_client: Prometheus' text format."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from packager.errors import PackageError
from packager.text import display_value

if TYPE_CHECKING:
    from prometheus_client.samples import Sample as Sample

MAX_SERIES = 200_000
"""Of one answer: a package exposes some tens of thousands at the most."""
MAX_LINE = 1 << 14
"""Characters: the parser's time grows with the square of a line's length."""


def read_samples(text: str, address: str) -> list[Sample]:
    """The name, labels and value of every sample of ``text``, the answer of ``address``.

    Raises ``PackageError`` for a text of another format, a line of more than ``MAX_LINE``
    characters and more than ``MAX_SERIES`` samples.
    """
    found: list[Sample] = []
    try:
        for sample in _samples(text):
            found.append(sample)
            if len(found) > MAX_SERIES:
                raise ValueError(f"more than {MAX_SERIES} series")
    except (ValueError, LookupError, OverflowError, TypeError) as error:
        # The parser raises all of these for text that is no exposition, some without a word.
        raise not_metrics(address, error) from error
    return found


def not_metrics(address: str, error: Exception) -> PackageError:
    """The error for an answer of ``address`` that ``error`` found to be no metrics."""
    told = f" ({display_value(str(error))})" if str(error) else ""
    return PackageError(
        f"{address}: expected metrics, got another content{told}",
        "name the address of a served package",
    )


def _samples(text: str) -> Iterator[Sample]:
    from prometheus_client.parser import text_fd_to_metric_families

    for family in text_fd_to_metric_families(_short_lines(text)):  # type: ignore[arg-type]
        for sample in family.samples:
            yield sample._replace(value=float(sample.value))


def _short_lines(text: str) -> Iterator[str]:
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > MAX_LINE:
            raise ValueError(f"line {number}: more than {MAX_LINE} characters")
        yield line
