"""Licences of wheels as their METADATA states them; nothing is guessed."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser
from typing import Literal

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

LicenceKind = Literal["expression", "classifier", "text", "long text", "none"]
"""The field of METADATA that names the licence.

``expression``: a valid ``License-Expression`` (PEP 639, an SPDX expression); ``classifier``: the
last part of each ``License ::`` classifier; ``text``: a short ``License``; ``long text``: a
``License`` that is a whole text; ``none``: METADATA has none of these.
"""
MAX_NAME = 100
"""Characters of a licence's name; a longer ``License`` is the licence's text."""
CLASSIFIER = "License :: "
GROUPS = ("OSI Approved", "DFSG approved")
"""Classifiers that name a group of licences, no licence."""
PLACEHOLDERS = ("", "none", "unknown")
"""Values that build tools write where an author gave no licence."""


@dataclass(frozen=True)
class Licence:
    """The licence of a distribution, as found."""

    kind: LicenceKind
    names: tuple[str, ...]
    """One expression, every classifier or one text, without surrounding spaces."""

    @property
    def text(self) -> str:
        """One line for a person: the names, or the first line of a long text."""
        if self.kind == "none":
            return "none found"
        if self.kind == "long text":
            return f"{self.names[0].splitlines()[0].strip()[:MAX_NAME]} …"
        return "; ".join(self.names)


def licences_of(metadata: str) -> Licence:
    """The licence in the text of a ``METADATA`` file.

    The first of these that is there: a valid expression, classifiers, a short text, a long text. An
    expression that is not valid counts as a text.
    """
    headers = HeaderParser().parsestr(metadata)
    expression = _field(headers, "License-Expression")
    if expression and _is_valid(expression):
        return Licence("expression", (expression,))
    classified = [
        name.rpartition(" :: ")[2].strip()
        for name in map(str, headers.get_all("Classifier", []))
        if name.startswith(CLASSIFIER)
    ]
    named = [name for name in classified if name and name not in GROUPS]
    if named:
        return Licence("classifier", tuple(dict.fromkeys(named)))
    text = expression or _field(headers, "License")
    if text.lower() in PLACEHOLDERS:
        return Licence("none", ())
    return Licence("text" if len(text) <= MAX_NAME and "\n" not in text else "long text", (text,))


def _field(headers: Message, name: str) -> str:
    """The value of a header without its indentation; empty if there is none."""
    lines = str(headers.get(name, "")).splitlines()
    return "\n".join(line.strip().removeprefix("|").strip() for line in lines).strip()


def _is_valid(expression: str) -> bool:
    try:
        canonicalize_license_expression(expression)
    except InvalidLicenseExpression:
        return False
    return True
