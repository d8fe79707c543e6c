"""Prometheus queries for each kind of alert, as ``package deploy monitoring`` writes them.

``issues/NAME.json``: kind → its queries, with places for the labels of an alert. Kinds and fields
that this version doesn't know are not read.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from packager.errors import UsageError
from packager.tracker.core.refusals import refusal_of
from packager.tracker.core.texts import Text

MAX_PLOTS = 8
MAX_KINDS = 200
MAX_DOCUMENT_BYTES = 4 << 20
COMMON = "_"
"""Documents whose name begins with this are about every package: those of the service itself."""
Query = Annotated[str, Field(min_length=1, max_length=20_000)]


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class PlotQuery(_Document):
    """The plot of a kind: values over time, or bars of one moment."""

    title: Text
    query: Query
    form: Literal["time", "bars"] = "time"


class KindQueries(_Document):
    """Of one kind of alert; ``share`` and ``certainty`` have one result, from 0 to 1."""

    share: Query | None = None
    certainty: Query | None = None
    plot: Annotated[tuple[PlotQuery, ...], Field(max_length=MAX_PLOTS)] = ()
    action: Text = ""
    runbook: str | None = None


Kinds = Mapping[str, KindQueries]
_KINDS: TypeAdapter[dict[str, KindQueries]] = TypeAdapter(
    Annotated[dict[str, KindQueries], Field(max_length=MAX_KINDS)]
)


def read_queries(folder: Path) -> dict[str, Kinds]:
    """Package → its kinds, of every ``*.json`` in ``folder``; raises ``UsageError``."""
    if not folder.is_dir():
        raise UsageError(
            f"{folder}: expected a folder", "name the folder issues/ of package deploy monitoring"
        )
    return {path.stem: _read(path) for path in sorted(folder.glob("*.json"))}


def _read(path: Path) -> Kinds:
    try:
        with path.open("rb") as opened:
            text = opened.read(MAX_DOCUMENT_BYTES + 1)
        if len(text) > MAX_DOCUMENT_BYTES:
            raise ValueError(f"expected at most {MAX_DOCUMENT_BYTES} bytes, got more")
        return _KINDS.validate_json(text)
    except ValidationError as error:
        raise _unreadable(path, refusal_of(error, "the file")) from error
    except (OSError, ValueError) as error:
        raise _unreadable(path, str(error)) from error


def _unreadable(path: Path, reason: str) -> UsageError:
    return UsageError(f"{path}: {reason}", "write it again with package deploy monitoring")


def kind_queries(queries: Mapping[str, Kinds], package: str, kind: str) -> KindQueries | None:
    """The queries of a kind of alert of a package; None if nobody wrote any."""
    own = queries.get(package, {}).get(kind)
    if own is not None:
        return own
    common = (kinds for name, kinds in queries.items() if name.startswith(COMMON))
    return next((kinds[kind] for kinds in common if kind in kinds), None)
