"""Attributions for tests of what prints them."""

from __future__ import annotations

from packager.worker.test.attribution_records import (
    Attribution,
    MemberFigures,
    MetricFigure,
    PlayerShare,
    RowEffect,
    SliceAttribution,
)

SHARES = (
    PlayerShare(name="segmenter", value=0.5, interval=(0.25, 0.75)),
    PlayerShare(name="price", value=-0.125, interval=(-0.25, 0.0)),
)
REST = PlayerShare(name="", value=1e-17, interval=(0.0, 2e-17))


def slice_of(name: str, error: float = 0.375) -> SliceAttribution:
    return SliceAttribution(slice=name, rows=1200, error=error, shares=SHARES, rest=REST)


def attribution(**changes: object) -> Attribution:
    made = Attribution(
        loss="mean absolute error",
        rows=1200,
        slices=(slice_of("__all__"), slice_of("old", 0.5), slice_of("young", 0.75)),
        members=(
            MemberFigures(
                name="segmenter",
                rows=1200,
                judged=1000,
                metrics={"accuracy": MetricFigure(value=0.9, interval=(0.88, 0.92))},
            ),
            MemberFigures(name="price", rows=0, why="the flow handed it no row"),
        ),
        examples=(
            RowEffect(
                member="segmenter", effect="spoilt", row=7, share=2.5,
                shown={"answer": 4.0, "right": 1.5}, cells={"age": 30},
            ),
        ),
        notes=("2 rows without a number",),
    )  # fmt: skip
    return made.model_copy(update=dict(changes))
