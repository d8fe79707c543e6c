"""Labels as text against their scheme."""

from __future__ import annotations

import math
from collections.abc import Iterable

from packager.errors import UsageError
from packager.manifest.base import Scalar
from packager.manifest.label_schemes import LabelScheme
from packager.text import listed

_SHOWN = 5


def stored_label(text: str, scheme: LabelScheme) -> str:
    """A label in the form in which it is stored; ``ValueError`` says why it isn't one."""
    if scheme.kind == "label":
        if scheme.classes and text not in scheme.by_text:
            raise ValueError(f"expected {listed([*map(repr, scheme.texts)], _SHOWN)}, got {text!r}")
        return text
    try:
        number = float(text)
    except ValueError:
        raise ValueError(f"expected a number, got {text!r}") from None
    low = -math.inf if scheme.minimum is None else scheme.minimum
    high = math.inf if scheme.maximum is None else scheme.maximum
    if not math.isfinite(number) or not low <= number <= high:
        raise ValueError(f"expected a number from {low:.15g} to {high:.15g}, got {text!r}")
    return repr(number + 0.0)  # without a negative zero


def label_value(text: str, scheme: LabelScheme) -> Scalar:
    """A stored label as a value of the target column: a class in its own type, or a float."""
    if scheme.kind == "number":
        return float(text)
    return scheme.by_text.get(text, text)


def check_stored(texts: Iterable[str], scheme: LabelScheme) -> None:
    """Raise ``UsageError`` if labels that are stored are none of a changed scheme."""
    wrong = []
    for text in sorted({*texts}):
        try:
            stored_label(text, scheme)
        except ValueError:
            wrong.append(text)
    if wrong:
        raise UsageError(
            f"scheme {scheme.name!r}: expected it to hold the labels that are stored, got no place "
            f"for {listed([*map(repr, wrong)], _SHOWN)}",
            "keep these classes and bounds, or declare a scheme with another name and map to it",
        )
