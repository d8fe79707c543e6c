from __future__ import annotations

from packager.data.rows.member_flags import no_answer, with_absent


def test_a_row_has_the_flags_of_its_values_and_then_of_members() -> None:
    flags = [("age:missing",), (), ()]
    found = with_absent(flags, {"text": [0, 2], "price": [2]})
    assert found == [
        ["age:missing", "text:no_answer"],
        [],
        ["text:no_answer", "price:no_answer"],
    ]
    assert flags[0] == ("age:missing",)
    assert no_answer("text") == "text:no_answer"


def test_without_such_a_row_nothing_is_copied() -> None:
    flags = [("age:missing",)]
    assert with_absent(flags, None) is flags
