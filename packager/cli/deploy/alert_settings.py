"""The options of rules and dashboards, declared once for the verbs of ``package deploy``."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from packager.deploy.prometheus.rules import AlertOptions, Objectives
from packager.errors import UsageError

NAME = "settings"
"""Of the parameter that a verb has in place of the options."""
OBJECTIVES: Mapping[str, tuple[str, Any, typer.models.OptionInfo]] = {
    "latency": ("latency_seconds", float, typer.Option(help="Latency objective in seconds.")),
    "latency_share": (
        "latency_share",
        float,
        typer.Option(help="Share of responses within that latency."),
    ),
    "success_share": (
        "success_share",
        float,
        typer.Option(help="Share of requests without a server error."),
    ),
    "design_effect": (
        "design_effect",
        float,
        typer.Option(help="Design effect: dependent rows per independent row."),
    ),
    "label_coverage": (
        "label_coverage",
        float,
        typer.Option(help="Expected share of predictions that get a label."),
    ),
}
"""Option → field of ``Objectives``, type, description."""
LINKS: Mapping[str, tuple[str, Any, typer.models.OptionInfo]] = {
    "runbooks": (
        "runbooks",
        str,
        typer.Option(help="Address of the page of runbooks: alerts get a runbook_url."),
    ),
    "grafana": (
        "grafana",
        str,
        typer.Option(help="Address of Grafana: alerts link to their panel."),
    ),
    "tracker": (
        "tracker",
        str,
        typer.Option("--tracker", help="Address of the issue tracker: dashboards link to it."),
    ),
    "time_scale": (
        "time_scale",
        int,
        typer.Option(help="Divide windows and delays by this, for a drill."),
    ),
    "push": (
        "pushed",
        bool,
        typer.Option("--push", help="The servers push their metrics: docs/monitoring.md."),
    ),
}
"""Option → field of ``AlertOptions``, type, description."""


@dataclass(frozen=True)
class AlertSettings:
    """Settings of rules and dashboards."""

    objectives: Objectives
    options: AlertOptions


def alert_settings(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a verb the options ``names`` where its parameter ``settings`` is.

    The function gets them as ``AlertSettings``; what it doesn't take has its default.
    """
    taken = {name: spec for name, spec in {**OBJECTIVES, **LINKS}.items() if name in names}

    def decorated(function: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(function)
        def verb(**options: Any) -> None:
            values = {name: options.pop(name) for name in taken}
            function(**options, **{NAME: _settings(function.__name__, values)})

        parameters = _parameters(function, taken)
        verb.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        verb.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return verb

    return decorated


SERVICE_OBJECTIVES = ("latency", "latency_share", "success_share")
"""Objectives of every deployment target."""


def _parameters(
    function: Callable[..., None], taken: Mapping[str, tuple[str, Any, Any]]
) -> list[inspect.Parameter]:
    defaults = {**vars(Objectives()), **vars(AlertOptions())}
    parameters: list[inspect.Parameter] = []
    for parameter in inspect.signature(function, eval_str=True).parameters.values():
        if parameter.name != NAME:
            parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))
            continue
        parameters += [
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=defaults[field],
                annotation=Annotated[kind, option],
            )
            for name, (field, kind, option) in taken.items()
        ]
    return parameters


def _settings(verb: str, values: Mapping[str, Any]) -> AlertSettings:
    """The settings that options say; raises ``UsageError`` that names the wrong option."""
    try:
        return AlertSettings(
            Objectives(**{OBJECTIVES[n][0]: v for n, v in values.items() if n in OBJECTIVES}),
            AlertOptions(**{LINKS[n][0]: v for n, v in values.items() if n in LINKS}),
        )
    except ValueError as error:
        name, _, wrong = str(error).partition(": ")
        option = name.removesuffix("_seconds").replace("_", "-")
        raise UsageError(f"--{option}: {wrong}", f"see `package deploy {verb} --help`") from error
