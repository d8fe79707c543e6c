"""Parses answers of ``/metrics``, in Prometheus' text format, with prometheus_client."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from modelhost.text import display_value
from packager.errors import PackageError

if TYPE_CHECKING:
    from prometheus_client.samples import Sample as Sample

MAX_SERIES = 200_000
"""Samples in one answer: a package exposes some tens of thousands at most."""
MAX_LINE = 1 << 14
"""Characters of a line: the parser's time is quadratic in a line's length."""


def read_samples(text: str, address: str) -> list[Sample]:
    """The name, labels and value of every sample in ``text``, the answer of ``address``.

    Raises ``PackageError`` for another format, a line of more than ``MAX_LINE`` characters or more
    than ``MAX_SERIES`` samples.
    """
    samples: list[Sample] = []
    try:
        for one in _samples(text):
            samples.append(one)
            if len(samples) > MAX_SERIES:
                raise ValueError(f"more than {MAX_SERIES} series")
    except (ValueError, LookupError, OverflowError, TypeError) as error:
        # The parser raises all of these for invalid text, some without a message.
        raise not_metrics(address, error) from error
    return samples


def sample(name: str, labels: dict[str, str], value: float) -> Sample:
    """A sample that was read from elsewhere."""
    from prometheus_client.samples import Sample

    return Sample(name, labels, value)


def not_metrics(address: str, error: Exception) -> PackageError:
    """The error for an answer of ``address`` that isn't metrics; ``error`` is the reason."""
    detail = f" ({display_value(str(error))})" if str(error) else ""
    return PackageError(
        f"{address}: expected metrics, got other content{detail}",
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
