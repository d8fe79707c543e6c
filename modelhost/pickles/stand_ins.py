"""Stand-ins for the objects of a pickle while it is read: nothing is imported or instantiated."""

from __future__ import annotations

from typing import Any

CALLED, MADE, NAMED, SAFE, GIVEN = "called", "made", "named", "safe", "given"
LATER, OPAQUE, HIDDEN = "later", "opaque", "hidden"
"""A pickle's use of a global: it calls it, instantiates it by ``__new__``, or neither.

``GIVEN``: makes an object of it by ``__new__`` with arguments;
``SAFE``: calls it with arguments by which it can only look something up;
``LATER``: keeps it in an object that calls it when the object itself is called;
``OPAQUE``: gives an object of it a state whose attributes aren't all known;
``HIDDEN``: gives it a state, or that of its slots, that is an object itself."""


class GlobalName:
    """A global that a pickle names: what ``find_class`` would import."""

    __slots__ = ("module", "name", "offset", "uses")

    def __init__(self, module: str, name: str, offset: int | None) -> None:
        self.module = module
        self.name = name
        self.offset = offset
        """Its first offset, in bytes of the decompressed stream; None in a schema."""
        self.uses = {NAMED}

    @property
    def full(self) -> str:
        """``module.name``."""
        return f"{self.module}.{self.name}"


class ConstructedObject:
    """An object that a pickle makes by calling ``of``, or by its ``__new__``."""

    __slots__ = ("args", "factory", "of", "state")

    def __init__(self, of: GlobalName | None, args: Any = ()) -> None:
        self.of = of
        """None: made in another way."""
        self.args = args
        self.state: Any = None
        self.factory = False
        """Whether a ``defaultdict`` calls it."""

    @property
    def kind(self) -> str:
        """The full name of what made it; empty for one that is made in another way."""
        return self.of.full if self.of is not None else ""


def is_hidden(part: Any, target: ConstructedObject) -> bool:
    """Whether a state of ``target``, or a part of it, is an object, so its names aren't known.

    An object that was made without arguments may be its own state, as a dict with attributes is:
    its items become attributes without ``setattr``.
    """
    return isinstance(part, ConstructedObject) and (part is not target or bool(target.args))


class SkippedText:
    """A long text or a long block of bytes, of which nothing was kept."""

    __slots__ = ()
