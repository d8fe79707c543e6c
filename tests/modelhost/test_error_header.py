from __future__ import annotations

import pytest

from modelhost.error_header import error_header
from modelhost.errors import PackageError, UsageError
from modelhost.solution.errors import MemberUnavailableError


def raised(error: PackageError, cause: Exception | None) -> PackageError:
    with pytest.raises(PackageError) as caught:
        raise error from cause
    return caught.value


def test_a_header_names_the_cause_and_a_missing_key():
    assert error_header(raised(PackageError("no", "do"), KeyError("city"))) == {
        "message": "no",
        "hint": "do",
        "exit_code": 1,
        "cause": "KeyError",
        "missing_key": "city",
        "unavailable": False,
    }
    assert error_header(raised(PackageError("no"), KeyError(3)))["missing_key"] is None


def test_a_header_says_whose_fault_it_is():
    assert error_header(UsageError("no"))["exit_code"] == 2
    assert error_header(UsageError("no"))["cause"] is None
    assert error_header(MemberUnavailableError("a", "restarts"))["unavailable"]
