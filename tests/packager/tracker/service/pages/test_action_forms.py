from __future__ import annotations

import pytest

from packager.tracker.core.actions import Assign, Ignore, Resolve, SnoozeFor
from packager.tracker.core.moments import DAY
from packager.tracker.service.pages.action_forms import action_of
from packager.tracker.service.pages.forms import SentForm

NOW = 1_795_960_800.0


def test_forms_are_actions():
    def action(**fields: str) -> object:
        return action_of(SentForm(fields), "ada", NOW)

    assert action(action="assign_me") == Assign(owner="ada")
    assert action(action="assign", owner=" grace ") == Assign(owner="grace")
    assert action(action="resolve") == Resolve(version=None, reason="")
    assert action(action="resolve", version="1.3", reason="x") == Resolve(version="1.3", reason="x")
    assert action(action="snooze", until="7d") == SnoozeFor(until=NOW + 7 * DAY)
    assert action(action="snooze", until="version") == SnoozeFor(until_new_version=True)
    assert action(action="ignore", reason="x", days="") == Ignore(reason="x")
    assert action(action="ignore", reason="x", days="90") == Ignore(
        reason="x", until=NOW + 90 * DAY
    )


@pytest.mark.parametrize("fields", [{}, {"action": "delete"}, {"action": "snooze", "until": ""}])
def test_other_forms_are_refused(fields: dict[str, str]):
    with pytest.raises(ValueError, match="expected"):
        action_of(SentForm(fields), "ada", NOW)
