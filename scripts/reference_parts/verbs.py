"""The pages of verbs: what ``package VERB --help`` says, of the application itself."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

import typer

from packager.cli.commands import app
from reference_parts.tables import cell, code, page, prose, table

INTRODUCTION = (
    "What `--help` of each verb says. [command-line.md](../command-line.md) says what holds for all"
    " of them: output, exit codes, REF, words."
)
GROUPS = "Verbs in groups have pages of their own"


def verb_pages() -> dict[str, str]:
    """File name → page: one of the verbs of ``package``, one for each group of verbs."""
    program = typer.main.get_command(app)
    groups = {name: one for name, one in commands(program).items() if commands(one)}
    alone = {name: one for name, one in commands(program).items() if name not in groups}
    links = ", ".join(f"[package {name}](verbs-{name}.md)" for name in groups)
    top = page(
        "Verbs and options",
        INTRODUCTION,
        f"{GROUPS}: {links}.",
        *sections(alone, "package"),
    )
    pages = {"verbs.md": top}
    for name, group in groups.items():
        title = f"package {name}"
        intro = f"{prose(group.help or '')} {INTRODUCTION}"
        pages[f"verbs-{name}.md"] = page(title, intro, *sections(commands(group), title))
    return pages


def commands(command: Any) -> dict[str, Any]:
    """The visible verbs of a group; none of a verb."""
    return {name: one for name, one in getattr(command, "commands", {}).items() if not one.hidden}


def sections(verbs: dict[str, Any], path: str) -> Iterator[str]:
    """A heading, the help and the options of each verb, and of those below it."""
    for name, verb in verbs.items():
        called = f"{path} {name}"
        if commands(verb):
            yield from sections(commands(verb), called)
            continue
        yield f"## {called}"
        yield paragraphs(verb.help or "")
        yield usage(verb, called)
        yield options(verb, called)


def paragraphs(text: str) -> str:
    """The help with its paragraphs."""
    return "\n\n".join(
        "\n".join(textwrap.wrap(prose(" ".join(one.split())), 100)) for one in text.split("\n\n")
    )


def usage(verb: Any, called: str) -> str:
    """How the verb is called, in a block."""
    context = verb.make_context(called, [], resilient_parsing=True)
    pieces = " ".join(verb.collect_usage_pieces(context))
    return f"```text\n{called} {pieces}\n```"


def options(verb: Any, called: str) -> str:
    """The arguments and options, with what their help says."""
    context = verb.make_context(called, [], resilient_parsing=True)
    records = [one.get_help_record(context) for one in verb.get_params(context)]
    rows = [(code(names), prose(cell(said))) for names, said in filter(None, records)]
    return table(("argument or option", "meaning"), rows)
