"""The parts of a solution: ``solution.json`` in the folder of its model.

Beside the file, ``members/NAME`` holds the package of a member: ``code``, ``models`` and
``package``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Mapping, NamedTuple, Sequence

from modelhost.columns import ColumnSpec
from modelhost.output_spec import OutputSpec

FILE = "solution.json"
MEMBERS = "members"
SOLUTION = "solution"
"""The loader of its model."""
INLINE, OWN = "inline", "own"
"""The process of a member: the flow's, or one of its own."""
FAIL, NULL = "fail", "null"
"""The flow's input if a member gives no answer: an exception, or nulls."""


class MemberSpec(NamedTuple):
    """One member."""

    name: str
    process: str
    """``inline`` or ``own``."""
    deadline: float | None
    """Seconds that one call may take; None: as long as the request."""
    on_error: str
    """``fail`` or ``null``."""
    truth: str | None
    """The column of the data with this member's right answer."""
    task: str
    predictor: str
    loader: str
    takes: str
    classes: tuple[Any, ...] | None
    outputs: tuple[OutputSpec, ...]
    features: tuple[ColumnSpec, ...]
    """The columns that its model takes, in order."""
    defaults: Mapping[str, Any]
    """Feature → the value for rows that lack the column."""
    pickle_allow: tuple[str, ...] = ()
    """Globals that its pickles may name beyond those of every package."""

    def as_json(self) -> dict[str, Any]:
        """An object for the file; ``MemberSpec.read`` is the inverse."""
        fields = self._asdict()
        fields["outputs"] = [output.as_json() for output in self.outputs]
        fields["features"] = [feature.as_json() for feature in self.features]
        return dict(fields)

    @classmethod
    def read(cls, encoded: Mapping[str, Any]) -> MemberSpec:
        """From ``as_json``."""
        classes = encoded["classes"]
        own = {
            **encoded,
            "classes": None if classes is None else tuple(classes),
            "outputs": tuple(OutputSpec.read(one) for one in encoded["outputs"]),
            "features": tuple(ColumnSpec.read(one) for one in encoded["features"]),
            "pickle_allow": tuple(encoded["pickle_allow"]),
        }
        return cls(**own)

    def path(self, folder: Path) -> Path:
        """Its model, in the member's ``folder``."""
        return folder / "models" / "model"

    def header(self, folder: Path) -> dict[str, Any]:
        """The request that loads its model from ``folder``."""
        return {
            "verb": "load",
            "path": str(self.path(folder)),
            "predictor": self.predictor,
            "loader": self.loader,
            "pickle_allow": self.pickle_allow,
            "task": self.task,
            "takes": self.takes,
            "classes": self.classes,
            "outputs": [output.as_json() for output in self.outputs],
            "specs": [feature.as_json() for feature in self.features],
        }


class SolutionSpec(NamedTuple):
    """The flow and the members, in the order of ``package.toml``."""

    flow: str
    """``module:function`` of the solution's own code."""
    members: tuple[MemberSpec, ...]

    def as_json(self) -> str:
        """The content of ``solution.json``."""
        members = [member.as_json() for member in self.members]
        return json.dumps({"flow": self.flow, "members": members}, indent=1, sort_keys=True) + "\n"

    @classmethod
    def load(cls, folder: Path) -> SolutionSpec:
        """From ``solution.json`` in ``folder``; raises ``OSError`` and ``ValueError``."""
        content = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return cls(content["flow"], tuple(MemberSpec.read(one) for one in content["members"]))


def member_folder(solution: Path, name: str) -> Path:
    """The folder of the member ``name``."""
    return solution / MEMBERS / name


def named(members: Sequence[MemberSpec]) -> str:
    """The members' names, for messages."""
    return ", ".join(member.name for member in members)
