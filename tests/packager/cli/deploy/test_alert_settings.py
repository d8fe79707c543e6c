"""The options of rules and dashboards: each verb has those that its files can hold."""

from __future__ import annotations

import typer
from typer.testing import CliRunner

from packager.cli.deploy.alert_settings import AlertSettings, alert_settings
from packager.deploy.prometheus.rules import AlertOptions, Objectives

found: list[tuple[str, AlertSettings, bool]] = []
app = typer.Typer()


@app.command()
@alert_settings("latency", "time_scale")
def verb(name: str, *, settings: AlertSettings, quiet: bool = False) -> None:
    found.append((name, settings, quiet))


def test_a_verb_gets_its_options_and_the_others_have_their_defaults() -> None:
    done = CliRunner().invoke(app, ["shop", "--time-scale", "60", "--latency", "1", "--quiet"])
    assert done.exit_code == 0, done.output
    expected = AlertSettings(Objectives(latency_seconds=1.0), AlertOptions(time_scale=60))
    assert found.pop() == ("shop", expected, True)


def test_a_verb_refuses_the_options_that_it_does_not_have() -> None:
    assert CliRunner().invoke(app, ["shop", "--grafana", "http://g"]).exit_code == 2


def test_a_wrong_value_names_its_option_and_the_verb() -> None:
    done = CliRunner().invoke(app, ["shop", "--latency", "7"])
    assert str(done.exception).startswith("--latency: expected one of ")
    assert getattr(done.exception, "hint", "") == "see `package deploy verb --help`"
