"""A behavioural case: ``[[test.case]]`` of package.toml."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from packager.manifest.base import FrozenModel, Scalar
from packager.manifest.case_terms import CellChange, ExpectedAnswer, RowsTerm

CaseKind = Literal[
    "golden", "invariance", "directional", "monotonic", "bounds", "metamorphic", "minimum"
]
DEFAULT_ROWS = "sample:200"
DEFAULT_POINTS = 10
NEEDS: Mapping[CaseKind, tuple[str, ...]] = {
    "golden": ("rows",),
    "invariance": ("change",),
    "directional": ("change", "expect"),
    "monotonic": ("column", "expect"),
    "bounds": ("expect",),
    "metamorphic": ("call",),
    "minimum": ("rows", "metric", "limit"),
}
"""Kind → the keys that it needs."""
TAKES: Mapping[CaseKind, tuple[str, ...]] = {
    "golden": ("tolerance", "share"),
    "invariance": ("rows", "expect", "output", "label", "tolerance", "share", "slices"),
    "directional": ("rows", "output", "label", "tolerance", "share", "slices"),
    "monotonic": ("rows", "points", "output", "label", "tolerance", "share", "slices"),
    "bounds": ("rows", "output", "label", "share", "slices"),
    "metamorphic": ("rows", "share", "slices"),
    "minimum": (),
}
"""Kind → further keys that it may have."""
EXPECTED: Mapping[CaseKind, tuple[str, ...]] = {
    "invariance": ("same", "within"),
    "directional": ("increases", "decreases", "same", "within", "label", "between"),
    "monotonic": ("increases", "decreases"),
    "bounds": ("between", "label"),
}
"""Kind → its expectations."""
COMMON = ("name", "kind", "severity")


class Case(FrozenModel):
    """Required behaviour of the model on some rows (docs/behavioural-cases.md)."""

    name: str = Field(min_length=1, max_length=200)
    kind: CaseKind
    rows: str | tuple[dict[str, Any], ...] = DEFAULT_ROWS
    """``sample:N``, ``where:RULE``, ``file:PATH``, or rows as ``/predict`` takes them."""
    change: dict[str, Scalar] = {}
    """Column → the change of its cells."""
    expect: str | None = None
    output: str | None = None
    """The output that is compared, of several."""
    label: Scalar | None = None
    """The class whose probability is compared."""
    column: str | None = None
    """Of ``monotonic``: the column with a grid."""
    points: int = Field(default=DEFAULT_POINTS, ge=2, le=100)
    """Of the grid."""
    call: Annotated[str, Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")] | None = None
    """Of ``metamorphic``: ``module:function`` of the project."""
    metric: str | None = None
    limit: float | None = None
    """Of ``minimum``: the metric must not be worse."""
    tolerance: float | None = Field(default=None, ge=0)
    """Differences of numbers up to it are none; None: those of floating point."""
    share: float = Field(default=1.0, gt=0, le=1)
    """The part of the rows that has to pass."""
    slices: bool = False
    """Whether each declared slice is judged, too."""
    severity: Literal["fail", "warn"] = "fail"

    @model_validator(mode="after")
    def _complete(self) -> Case:
        fields = type(self).model_fields.items()
        assigned = {key for key, field in fields if getattr(self, key) != field.default}
        needed, allowed = NEEDS[self.kind], TAKES[self.kind]
        for key in needed:
            if key not in assigned:
                raise self._wrong(f"expected `{key}` for kind {self.kind}, got none")
        for key in sorted(assigned - {*needed, *allowed, *COMMON}):
            takes = ", ".join((*needed, *allowed))
            raise self._wrong(f"`{key}` is not for kind {self.kind}, which takes {takes}")
        self._check_terms()
        return self

    def _check_terms(self) -> None:
        """Raise ``ValueError`` unless rows, changes and the expectation can be read."""
        try:
            term = self.rows_term
            for one in self.change.values():
                CellChange.parse(one)
            expected = self.expectation
        except ValueError as error:
            raise self._wrong(str(error)) from error
        if isinstance(self.rows, tuple) and not self.rows:
            raise self._wrong("expected at least one row, got none")
        if self.kind == "golden" and term is not None and term.kind != "file":
            raise self._wrong(
                f"expected rows with their answers, as a list or in file:PATH, got {self.rows!r}"
            )
        if self.kind == "minimum" and (term is None or term.kind != "file"):
            raise self._wrong(f"expected the labelled rows of file:PATH, got {self.rows!r}")
        if self.kind in EXPECTED and expected.kind not in EXPECTED[self.kind]:
            kinds = ", ".join(EXPECTED[self.kind])
            raise self._wrong(f"expected one of {kinds} for kind {self.kind}, got {self.expect!r}")
        if expected.kind == "label" and self.label is not None:
            raise self._wrong("expected one of `label` and the expectation label:, got both")

    def _wrong(self, text: str) -> ValueError:
        return ValueError(f"[[test.case]] {self.name!r}: {text}")

    @property
    def rows_term(self) -> RowsTerm | None:
        """``rows`` if they are not written in package.toml."""
        return RowsTerm.parse(self.rows) if isinstance(self.rows, str) else None

    @property
    def file(self) -> str | None:
        """The project's file with the rows."""
        term = self.rows_term
        return term.text if term is not None and term.kind == "file" else None

    @property
    def changes(self) -> dict[str, CellChange]:
        """Column → change."""
        return {name: CellChange.parse(one) for name, one in self.change.items()}

    @property
    def expectation(self) -> ExpectedAnswer:
        """The expected relation; ``same`` by default."""
        return ExpectedAnswer.parse(self.expect or "same")

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it names, without those of rules."""
        others = [one.column for one in self.changes.values() if one.column]
        return (*self.change, *others, *((self.column,) if self.column else ()))
