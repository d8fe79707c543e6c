"""Synthetic values for personal columns: reserved for examples, where such ranges exist."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from packager.manifest.manifest import Column
from packager.manifest.personal import Personal

TEXTS: Mapping[Personal, tuple[str, ...]] = {
    "e-mail addresses": tuple(f"person{number}@example.com" for number in range(1, 9)),
    "phone numbers": tuple(f"+1 202 555 01{number:02}" for number in range(8)),
    "payment cards": ("4111111111111111", "5555555555554444"),
    "bank accounts": ("GB82WEST12345698765432", "DE89370400440532013000"),
    "national ids": tuple(f"00000000{number}" for number in range(1, 9)),
    "IP addresses": tuple(f"192.0.2.{number}" for number in range(1, 9)),
    "birth dates": tuple(f"1970-01-0{number}" for number in range(1, 9)),
    "postal addresses": tuple(f"{number} Example Street" for number in range(1, 9)),
    "names of people": ("Jane Example", "John Example"),
    "personal data": ("example",),
}
"""Values from ranges that are reserved for examples, if there are any."""
NUMBERS: Mapping[Personal, tuple[int, ...]] = {
    "phone numbers": (5550100, 5550101, 5550102),
    "payment cards": (4111111111111111, 5555555555554444),
    "national ids": (1000001, 1000002, 1000003),
    "birth dates": (19700101, 19700102, 19700103),
}


def synthetic(column: Column) -> Iterator[Callable[[int], Any]]:
    """Generators of values of a personal ``column``, from a step (0, 1, …)."""
    kind = column.personal
    assert kind is not None
    if column.kind == "boolean":
        yield lambda step: step % 2 == 0
    elif column.kind in ("number", "integer"):
        numbers = NUMBERS.get(kind, (0, 1))
        whole = column.kind == "integer"
        yield lambda step: (int if whole else float)(numbers[step % len(numbers)])
        yield lambda step: (int if whole else float)(step % 2)
    elif column.kind == "date":
        yield lambda step: f"1970-01-0{step % 8 + 1}"
    elif column.kind == "time":
        yield lambda step: f"0{step % 8 + 1}:00:00"
    elif column.kind == "decimal":
        yield lambda step: str(step % 2)
    elif column.kind == "datetime":
        zone = "+00:00" if "," in column.dtype else ""
        yield lambda step: f"1970-01-0{step % 8 + 1}T00:00:00{zone}"
    else:
        texts = TEXTS[kind]
        yield lambda step: texts[step % len(texts)]
