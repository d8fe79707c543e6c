"""The errors of a member of a solution."""

from __future__ import annotations

from modelhost.errors import PackageError


class MemberUnavailableError(PackageError):
    """A member gave no answer: its process ended or restarts, or its deadline passed.

    It is about no row: the same request may succeed later.
    """

    def __init__(self, member: str, reason: str, *, late: bool = False) -> None:
        """``reason``: the end of a sentence that begins with the member's name.

        ``late``: whether a deadline passed.
        """
        super().__init__(f"member {member!r} {reason}", "ask again; the log says how it ended")
        self.member = member
        self.reason = reason
        self.late = late


class MemberInputError(PackageError):
    """The flow handed a member something that it can't take."""

    def __init__(self, member: str, what: str, expected: str, got: str) -> None:
        """``what``: the column, or another subject."""
        super().__init__(
            f"member {member!r}: {what}: expected {expected}, got {got}",
            "hand it what its package's schema says: `package inspect` prints it",
        )
        self.member = member


class MemberRaisedError(PackageError):
    """A member's model raised on the rows that it was given."""

    def __init__(self, member: str, message: str, hint: str = "") -> None:
        super().__init__(f"member {member!r}: {message}", hint)
        self.member = member
