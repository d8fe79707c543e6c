"""Numbers with a check digit: cards, accounts, ids of several countries."""

from __future__ import annotations

from packager.data.check_digits import is_card, is_iban, is_national_id, luhn

CARDS = ["4111111111111111", "5555 5555 5555 4444", "3782-822463-10005", "6011111111111117",
         "3530111333300000", "5105105105105100", "4012888888881881"]  # fmt: skip


IBANS = ["DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432", "FR1420041010050500013M02606",
         "NL91ABNA0417164300", "ES9121000418450200051332"]  # fmt: skip


def test_check_digits() -> None:
    assert luhn("79927398713")
    assert not luhn("79927398710")
    assert all(map(is_card, CARDS))
    assert not is_card("4111111111111112")
    assert not is_card("4111")
    assert all(map(is_iban, IBANS))
    assert not is_iban("DE88 3704 0044 0532 0130 00")
    for good in ("44051401359", "529.982.247-25", "AB123456C", "11010519491231002X"):
        assert is_national_id(good), good
    for bad in (
        "44051401358",
        "111.111.111-11",
        "GB123456C",
        "110105194912310021",
        "",
        "x",
        "٣" * 11,
    ):
        assert not is_national_id(bad), bad
