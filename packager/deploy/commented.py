"""YAML with comments at the keys that a person will change."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from packager.deploy.yaml import dump

KEY = re.compile(r"^(?P<indent> *)(?P<dashes>(?:- +)*)(?P<key>[\w./-]+|\"[^\"]*\"):(?: |$)")


def commented(document: Mapping[str, Any], comments: Mapping[str, str]) -> str:
    """``document`` as YAML; ``comments``: path of keys, joined by `` > `` → the comment above it.

    Items of a list have their list's path. Raises ``KeyError`` for a path that the document lacks.
    """
    lines: list[str] = []
    remaining = dict(comments)
    stack: list[tuple[int, str]] = []
    for line in dump(document).splitlines():
        match = KEY.match(line)
        if match is not None:
            depth = len(match["indent"]) + len(match["dashes"])
            stack = [(at, key) for at, key in stack if at < depth]
            stack.append((depth, match["key"].strip('"')))
            comment = remaining.pop(" > ".join(key for _, key in stack), None)
            if comment is not None:
                lines += [f"{match['indent']}# {part}" for part in comment.splitlines()]
        lines.append(line)
    if remaining:
        raise KeyError(next(iter(remaining)))
    return "".join(f"{line}\n" for line in lines)
