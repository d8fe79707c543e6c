"""Dumps plain data as readable YAML: block style, long texts unquoted, keys in order."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import yaml

from packager.text import escape_in_literal

# Text in YAML 1.1, but a number or a boolean in parsers of other versions.
NOT_TEXT_EVERYWHERE = re.compile(r"[\d.+-].*|[yn]", re.IGNORECASE | re.DOTALL)


class _Dumper(yaml.SafeDumper):
    """Uses block style for expressions, and indents list items below their key."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None
    if not text.replace("\n", "").isprintable() or NOT_TEXT_EVERYWHERE.fullmatch(text):
        style = '"'  # other styles would lose unusual line breaks
    elif '"' in text or "\n" in text:
        style = "|"  # PyYAML uses it only if the text parses back to the same
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


_Dumper.add_representer(str, _text)


def dump(document: Mapping[str, Any]) -> str:
    """``document`` (text, numbers, booleans, lists and mappings) as YAML, deterministically."""
    text: str = yaml.dump(
        dict(document), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=math.inf
    )
    return escape_in_literal(text)  # such text is always double-quoted
