"""Documents for testing compiled forms of texts: of held-out rows, written in other ways."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

from packager.worker.compile.held_out import Row

MAX_BASES = 12
STRANGE = (
    "\0",
    "a\0b",
    "\x1c\x1d\x1e\x1f\x85\xa0\u2003\u2028",
    "\u0130STANBUL \u0131 \u017f \u212a \u1e9e STRASSE stra\xdfe",
    "\u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2 \u03a3\u0391\u03a3",
    "e\u0301 \xe9 \u1ec7 \ufb01 \uff21\uff22 \xbd \u2460 \u0663",
    "\U0001f600\u200d\U0001f468\ufe0f \U0001d54f \U0010ffff",
    "\u05d0\u05b8 \u0627\u0651 \u0e01\u0e33 \u4e2d\u6587 \ud55c \u1112\u1161",
    "_a_ __ a__b 1_000 don't e-mail x.y,z;q",
    "a" * 5_000,
    "ab " * 2_000,
    " " * 3_000,
)
"""Letters that change their number by ``lower`` or without accents, white space, and lengths."""


def edge_texts(bases: Sequence[Row], name: str) -> Iterator[str]:
    """Texts made from the column ``name`` of some rows, and strange ones."""
    yield from STRANGE
    texts = [row[name] for row in bases if isinstance(row[name], str)][:MAX_BASES]
    for text in texts:
        words = text.split()
        yield from (text.upper(), text.swapcase(), text[: len(text) // 2], text + text)
        yield from (" ".join(reversed(words)), "  ".join(words), "\n".join(words), "".join(words))
        yield from (unicodedata.normalize("NFD", text), " ".join(words[:1] * 50))
        yield from (f"{text} {strange}" for strange in STRANGE[:9])
    yield " ".join(texts)
