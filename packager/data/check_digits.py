"""Numbers that carry a check digit: payment cards, IBAN, national ids of several countries."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

CARD = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"
    r"|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|35(?:2[89]|[3-8]\d)\d{12}"
    r"|6(?:011|5\d\d|4[4-9]\d)\d{12,15}|62\d{14,17}",
    re.ASCII,
)
IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", re.ASCII)
_CODE = re.compile(r"[A-Z]{6}\d\d[A-EHLMPRST]\d\d[A-Z]\d{3}[A-Z]", re.ASCII)
_NINO = re.compile(
    r"(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}[A-D]", re.ASCII
)
_SSN = re.compile(r"(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}", re.ASCII)
_DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"


def compact(text: str) -> str:
    """``text`` in capitals without spaces, dots and dashes."""
    return re.sub(r"[\s.\-]", "", text).upper()


def is_card(text: str) -> bool:
    """Whether ``text`` is a payment card number, by issuer range and check digit (Luhn)."""
    digits = compact(text)
    return CARD.fullmatch(digits) is not None and luhn(digits)


def luhn(digits: str) -> bool:
    """Whether the last of ``digits`` (ASCII) is the check digit of the others."""
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[::-2])) + sum(doubled)) % 10 == 0


def is_iban(text: str) -> bool:
    """Whether ``text`` is an international bank account number (ISO 13616)."""
    account = compact(text)
    if not IBAN.fullmatch(account):
        return False
    return int("".join(str(int(one, 36)) for one in account[4:] + account[:4])) % 97 == 1


def is_national_id(text: str) -> bool:
    """Whether ``text`` is a personal id of one of several countries, by format and check digits."""
    if _SSN.fullmatch(text.strip()):
        return True
    number = compact(text)
    return any(form.fullmatch(number) and check(number) for form, check in _IDS.items())


def _month_and_day(month: str, day: str) -> bool:
    return 1 <= int(month) <= 12 and 1 <= int(day) <= 31


def _weighted(number: str, weights: tuple[int, ...]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(number, weights, strict=False))


def _pesel(number: str) -> bool:
    dated = _month_and_day(f"{int(number[2:4]) % 20:02}", number[4:6])
    return dated and _weighted(number, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)) % 10 == 0


def _cpf(number: str) -> bool:
    if len(set(number)) == 1:
        return False
    for length in (9, 10):
        total = _weighted(number, tuple(range(length + 1, 1, -1)))
        if total * 10 % 11 % 10 != int(number[length]):
            return False
    return True


def _dni(number: str) -> bool:
    whole = number[:-1].translate(str.maketrans("XYZ", "012"))
    return _DNI_LETTERS[int(whole) % 23] == number[-1]


def _nir(number: str) -> bool:
    body = number[:13].replace("2A", "19").replace("2B", "18")
    return 1 <= int(number[3:5]) <= 12 and 97 - int(body) % 97 == int(number[13:])


def _chinese(number: str) -> bool:
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    dated = number[6:8] in ("19", "20") and _month_and_day(number[10:12], number[12:14])
    return dated and "10X98765432"[_weighted(number, weights) % 11] == number[17]


def _swedish(number: str) -> bool:
    short = number[-10:].replace("+", "")
    return _month_and_day(short[2:4], short[4:6]) and luhn(short)


def _always(_number: str) -> bool:
    return True


_IDS: Mapping[re.Pattern[str], Callable[[str], bool]] = {
    re.compile(form, re.ASCII): check
    for form, check in {
        r"\d{11}": lambda number: _pesel(number) or _cpf(number),
        r"[\dXYZ]\d{7}[A-Z]": _dni,
        r"[12]\d{4}(?:\d\d|2[AB])\d{8}": _nir,
        r"\d{17}[\dX]": _chinese,
        r"(?:19|20)\d{10}": _swedish,
        _CODE.pattern: _always,
        _NINO.pattern: _always,
    }.items()
}
