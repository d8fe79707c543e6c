"""Detect columns of personal data by their values and, if these are inconclusive, their names.

Precision has priority: quantities, codes, times and categories are not personal data. A detection
is a hint to the user; its absence is no proof.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from packager.data.check_digits import is_card, is_iban, is_national_id
from packager.data.first_names import FIRST_NAMES
from packager.data.personal_names import kinds_named
from packager.manifest.personal import Personal

MAX_SAMPLED_VALUES = 5_000
"""Maximum number of distinct values examined, evenly spaced."""
MAX_LENGTH = 200
"""Longer texts are documents, and are cut to this length."""
HIGH_SHARE = 0.9
MEDIUM_SHARE = 0.5
LOW_SHARE = 0.2
MIN_SHARE = 0.05
"""Minimum shares of distinct values with a form, by the evidence needed."""
MIN_CHECKED = 5
"""Minimum number of distinct values with valid check digits: fewer may be valid by chance."""
MIN_NAMES = 20
"""Text with fewer distinct values is a category, unless the column's name means people."""
MIN_DISTINCT_SHARE = 0.5
"""Minimum ratio of distinct values to rows for names of people."""

EMAIL = re.compile(r"[^\s@<>\"',;:]{1,64}@[^\s@<>\"',;:.]{1,63}(?:\.[^\s@<>\"',;:.]{1,63})+")
PHONE = re.compile(r"(?:\+|00)?[\d\s().\-/x]{6,24}", re.ASCII)
INTERNATIONAL_PHONE = re.compile(r"(?:\+|00)[1-9][\d\s().\-/]{6,20}", re.ASCII)
US_PHONE = re.compile(r"(?:\+?1[ .-]?)?(?:\(\d{3}\) ?|\d{3}[-. ])\d{3}[-. ]\d{4}", re.ASCII)
DATE = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:[T ].*)?"
    r"|\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d\d)"
    r"|(?:19|20)\d{6}",
    re.ASCII,
)
PLACE = re.compile(r"(?=.*\d)(?=.*[^\W\d_]{2}).*[ ,].*", re.DOTALL)
WORD = r"[^\W\d_]+(?:['\u2019.\-][^\W\d_]+)*[.,]?"
NAMELIKE = re.compile(rf"{WORD}(?: {WORD}){{0,4}}")


def personal_kind(name: str, values: pd.Series[Any]) -> Personal | None:
    """The kind of personal data that a column seems to contain; None if none."""
    named = kinds_named(name)
    present = values.dropna()
    if pd.api.types.is_datetime64_any_dtype(present.dtype):
        return "birth dates" if "birth" in named and len(present) else None
    texts = _texts(present)
    if not texts:
        return None
    if not _is_text(present):
        return _of_numbers(named, texts)
    share = len(present.unique()) / len(present)
    return _of_values(name, texts) or _of_names(named, texts, share)


def _of_numbers(named: frozenset[str], texts: Sequence[str]) -> Personal | None:
    """Kind of whole numbers: cards and ids by check digits, others by the column's name."""
    if len(texts) >= MIN_CHECKED and _share(texts, is_card) >= HIGH_SHARE:
        return "payment cards"
    if len(texts) >= 2 * MIN_CHECKED and _share(texts, is_national_id) >= 0.99:
        return "national ids"
    if "phone" in named and _share(texts, lambda text: 7 <= len(text) <= 15) >= HIGH_SHARE:
        return "phone numbers"
    if "id" in named and _share(texts, lambda text: 7 <= len(text) <= 18) >= HIGH_SHARE:
        return "national ids"
    if "birth" in named and _share(texts, _is_date) >= HIGH_SHARE:
        return "birth dates"
    return None


def _of_values(name: str, texts: Sequence[str]) -> Personal | None:
    """Kind of text by its form alone."""
    if _share(texts, _is_email) >= MEDIUM_SHARE:
        return "e-mail addresses"
    if _share(texts, _is_address_of_network) >= HIGH_SHARE and "version" not in name.lower():
        return "IP addresses"
    if len(texts) >= MIN_CHECKED:
        if _share(texts, is_card) >= HIGH_SHARE:
            return "payment cards"
        if _share(texts, is_iban) >= HIGH_SHARE:
            return "bank accounts"
        if _share(texts, is_national_id) >= HIGH_SHARE:
            return "national ids"
        if max(_share(texts, _is_abroad), _share(texts, _is_american)) >= HIGH_SHARE:
            return "phone numbers"
    return None


def _of_names(named: frozenset[str], texts: Sequence[str], distinct: float) -> Personal | None:
    """Kind of text by the column's name, if the values are compatible with it."""
    if "email" in named and _share(texts, _is_email) >= LOW_SHARE:
        return "e-mail addresses"
    if "phone" in named and _share(texts, _is_phone) >= MEDIUM_SHARE:
        return "phone numbers"
    if "birth" in named and _share(texts, _is_date) >= MEDIUM_SHARE:
        return "birth dates"
    if "id" in named and _share(texts, _is_id) >= MEDIUM_SHARE:
        return "national ids"
    if "address" in named and _share(texts, lambda t: _fits(PLACE, t)) >= MEDIUM_SHARE:
        return "postal addresses"
    namelike = _share(texts, _is_namelike)
    if "person" in named and len(texts) >= MIN_CHECKED and namelike >= MEDIUM_SHARE:
        return "names of people"
    if len(texts) < MIN_NAMES or distinct < MIN_DISTINCT_SHARE or namelike < MEDIUM_SHARE:
        return None
    share = _share(texts, _holds_given_name)
    several = _share(texts, lambda text: len(text.split()) > 1)
    enough = MIN_SHARE if "name" in named else MEDIUM_SHARE if several < MEDIUM_SHARE else LOW_SHARE
    return "names of people" if share >= enough else None


def _is_text(present: pd.Series[Any]) -> bool:
    """Whether the values, judged by the first, are text."""
    first = present.iloc[0] if len(present) else None
    return isinstance(first, str)


def _texts(present: pd.Series[Any]) -> list[str]:
    """Distinct values as text, at most ``MAX_SAMPLED_VALUES``; empty if any number is not whole."""
    distinct = present.drop_duplicates()
    if len(distinct) > MAX_SAMPLED_VALUES:
        distinct = distinct.iloc[np.linspace(0, len(distinct) - 1, MAX_SAMPLED_VALUES).astype(int)]
    texts = []
    for value in distinct:
        if isinstance(value, str):
            if text := value.strip()[:MAX_LENGTH]:
                texts.append(text)
        elif isinstance(value, int | np.integer) and not isinstance(value, bool):
            texts.append(str(int(value)))
        elif isinstance(value, float | np.floating):
            if not float(value).is_integer():
                return []  # amounts, measurements
            texts.append(str(int(value)))
    return texts


def _share(texts: Sequence[str], check: Callable[[str], bool]) -> float:
    return sum(map(check, texts)) / len(texts)


def _fits(form: re.Pattern[str], text: str) -> bool:
    return form.fullmatch(text) is not None


def _is_email(text: str) -> bool:
    return EMAIL.fullmatch(text) is not None


def _is_address_of_network(text: str) -> bool:
    if text.count(".") != 3 and text.count(":") < 2:
        return False
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_abroad(text: str) -> bool:
    return _fits(INTERNATIONAL_PHONE, text)


def _is_american(text: str) -> bool:
    return _fits(US_PHONE, text)


def _is_phone(text: str) -> bool:
    digits = sum(character.isdigit() for character in text)
    return 7 <= digits <= 15 and PHONE.fullmatch(text) is not None and not _is_date(text)


def _is_date(text: str) -> bool:
    return DATE.fullmatch(text) is not None


def _is_id(text: str) -> bool:
    return len(text) >= 7 and sum(character.isdigit() for character in text) >= 5


def _is_namelike(text: str) -> bool:
    """Whether a text is words without digits, mostly capitalized or of a caseless script."""
    if NAMELIKE.fullmatch(text) is None:
        return False
    words = text.split()
    capital = sum(not word[0].islower() for word in words)
    return capital * 2 > len(words) - (len(words) > 2)


def _holds_given_name(text: str) -> bool:
    words = re.split(r"[\W\d_]+", text.casefold())
    return any(word in FIRST_NAMES for word in words)
