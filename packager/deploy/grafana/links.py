"""Links of dashboards: between the views, and from a panel or a row to the issues about it.

The tracker's list is filtered by its parameters ``package``, ``kind`` and ``q`` (words of the
subject). Grafana replaces ``${…}``; ``percentencode`` makes a value safe in an address.
"""

from __future__ import annotations

from typing import Any

from packager.deploy.grafana.panel import Panel, View

SUBJECTS = ("slice", "feature", "output", "member")
"""Labels of a row of a table that name what it is about."""
_MODEL = "${model:percentencode}"


def dashboard_links(view: View, tracker: str) -> list[dict[str, Any]]:
    """To the other views, which keep time and variables, and to the open issues."""
    others: dict[str, Any] = {
        "type": "dashboards",
        "title": "Views",
        "tags": ["model"],
        "asDropdown": True,
        "includeVars": True,
        "keepTime": True,
        "targetBlank": False,
    }
    if not tracker:
        return [others]
    issues = {
        "type": "link",
        "title": "Open issues",
        "icon": "external link",
        "url": _issues(tracker, package=_of_one(view)),
        "targetBlank": True,
    }
    return [others, issues]


def panel_links(panel: Panel, view: View, tracker: str) -> list[dict[str, Any]]:
    """To the issues of each kind of alert that is about what the panel shows."""
    if not tracker:
        return []
    return [
        {
            "title": f"Issues: {alert}",
            "url": _issues(tracker, package=_of_one(view), kind=alert),
            "targetBlank": True,
        }
        for alert in panel.alerts
    ]


def data_links(panel: Panel, tracker: str, uids: tuple[str, str] | None) -> list[dict[str, Any]]:
    """Of the cells of a table that name a slice or a feature: its view, and its issues.

    ``uids``: of the dashboards of a model and of its slices.
    """
    if panel.kind != "table":
        return []
    overrides = []
    for name in SUBJECTS:
        links = [] if uids is None else _views(name, uids)
        if tracker:
            package = "" if uids is None else _MODEL
            address = _issues(tracker, package=package, q="${__value.text:percentencode}")
            links.append({"title": "Issues about it", "url": address, "targetBlank": True})
        if links:
            properties = [{"id": "links", "value": links}]
            overrides.append(
                {"matcher": {"id": "byName", "options": name}, "properties": properties}
            )
    return overrides


def _views(name: str, uids: tuple[str, str]) -> list[dict[str, Any]]:
    """The view of a slice, or the model's with a feature."""
    if name not in ("slice", "feature"):
        return []
    model, part = uids
    section = part if name == "slice" else model
    query = "${model:queryparam}&${version:queryparam}&${__url_time_range}"
    address = f"/d/{section}?{query}&var-{name}=${{__value.text:percentencode}}"
    return [{"title": f"This {name}", "url": address, "targetBlank": False}]


def _of_one(view: View) -> str:
    return "" if view.name == "fleet" else _MODEL


def _issues(tracker: str, **filters: str) -> str:
    query = "&".join(f"{name}={value}" for name, value in filters.items() if value)
    return f"{tracker.rstrip('/')}/{f'?{query}' if query else ''}"
