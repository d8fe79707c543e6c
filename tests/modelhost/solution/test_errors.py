from __future__ import annotations

from modelhost.solution.errors import (
    MemberInputError,
    MemberRaisedError,
    MemberUnavailableError,
)


def test_each_error_names_the_member() -> None:
    gone = MemberUnavailableError("text", "ended with signal SIGKILL", late=False)
    assert gone.message == "member 'text' ended with signal SIGKILL"
    assert (gone.member, gone.late) == ("text", False)
    odd = MemberInputError("price", "column 'age'", "numbers", "object with str")
    assert odd.message == "member 'price': column 'age': expected numbers, got object with str"
    assert "package inspect" in odd.hint
    assert MemberRaisedError("price", "its model raised").message.startswith("member 'price': its")
