"""The forms of an issue's page as actions."""

from __future__ import annotations

from typing import Any

from packager.tracker.core.actions import ACTION, Action
from packager.tracker.core.moments import DAY
from packager.tracker.service.pages.forms import SentForm

SNOOZES: dict[str, dict[str, Any]] = {
    "1d": {"days": 1},
    "7d": {"days": 7},
    "doubled": {"until_doubled": True},
    "version": {"until_new_version": True},
}
"""Value of ``until`` in the form of snoozing → what it asks for."""
_FIELDS = {
    "acknowledge": (),
    "reopen": (),
    "resolve": ("version", "reason"),
    "ignore": ("reason",),
    "assign": ("owner",),
    "label": ("label",),
    "move": ("bands", "reason"),
    "comment": ("text",),
}
IGNORE_DAYS = {"": None, "30": 30, "90": 90}


def action_of(form: SentForm, who: str, now: float) -> Action:
    """The action that a form asks for; raises ``ValueError`` (pydantic's, too)."""
    name = form.text("action")
    if name == "assign_me":
        action: dict[str, Any] = {"action": "assign", "owner": who}
    elif name == "unlabel":
        action = {"action": name, "label": form.exactly("label")}
    elif name == "snooze":
        action = _snooze(form, now)
    elif name in _FIELDS:
        action = {"action": name, **{field: form.text(field) for field in _FIELDS[name]}}
    else:
        raise ValueError("action: expected one of the buttons of an issue's page")
    if name == "resolve":
        action["version"] = action["version"] or None
    if name == "ignore":
        action["until"] = _ignored_until(form, now)
    return ACTION.validate_python(action)


def _snooze(form: SentForm, now: float) -> dict[str, Any]:
    duration = SNOOZES.get(form.text("until"))
    if duration is None:
        raise ValueError(f"until: expected one of {', '.join(SNOOZES)}")
    fields = {name: value for name, value in duration.items() if name != "days"}
    if "days" in duration:
        fields["until"] = now + duration["days"] * DAY
    return {"action": "snooze", "reason": form.text("reason"), **fields}


def _ignored_until(form: SentForm, now: float) -> float | None:
    days = form.text("days")
    if days not in IGNORE_DAYS:
        raise ValueError("days: expected 30, 90 or nothing")
    day_count = IGNORE_DAYS[days]
    return None if day_count is None else now + day_count * DAY
