"""The part of an application that the arguments name.

typer reads the signatures of all commands before it runs one: most of the time of a short command.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence

import typer
from typer.main import get_command_name
from typer.models import CommandInfo, TyperInfo


def named_command(application: typer.Typer, words: Sequence[str]) -> typer.Typer:
    """``application`` with the one command or group that ``words`` begin with.

    It has all of them if the first word is none, so that help and errors name every command.
    """
    word = words[0] if words else ""
    named = copy.copy(application)
    for command in application.registered_commands:
        if _name(command) == word:
            named.registered_commands, named.registered_groups = [command], []
            return named
    for group in application.registered_groups:
        if group.name == word and group.typer_instance is not None:
            inner = named_command(group.typer_instance, words[1:])
            only = TyperInfo(**{**vars(group), "typer_instance": inner})
            named.registered_commands, named.registered_groups = [], [only]
            return named
    return application


def _name(command: CommandInfo) -> str | None:
    return command.name or (command.callback and get_command_name(command.callback.__name__))
