"""Disables monitoring in workers that ``benchmarks/peers/run.py`` starts as ``ours, bare``.

Python imports this module before all others in every process with its folder on the path; only
the server, which forks its workers, changes. They count, time and look up nothing; predictions are
the same (without tokens, which ``MODEL_FEEDBACK=off`` disables).
"""

import sys
from typing import Any


def _take_out() -> None:
    import monitoring.metrics.registry
    from monitoring.metrics.recorder import MetricsRecorder
    from monitoring.metrics.registry import BufferedHistogram
    from monitoring.metrics.serving import ServingMetrics
    from monitoring.slices.row_membership import RowMembership

    def nothing(*_: Any, **__: Any) -> None:
        """Count nothing."""

    def no_slice(_: RowMembership, __: Any) -> int:
        return 0

    def no_slices(_: RowMembership, __: Any, rows: int) -> list[int]:
        return [0] * rows

    def no_slices_of(_: RowMembership, columns: Any, __: Any) -> list[int]:
        return [0] * len(columns[0])

    replaced = {
        MetricsRecorder: {"observe": nothing, "record_invalid": nothing, "flush": nothing},
        ServingMetrics: {"observe_request": nothing},
        RowMembership: {"bitmap": no_slice, "bitmaps": no_slices, "bitmaps_of": no_slices_of},
    }

    class Nothing(BufferedHistogram):
        """A histogram that ignores all values."""

        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            self.observe = nothing

    monitoring.metrics.registry.BufferedHistogram = Nothing  # type: ignore[misc]
    for kind, methods in replaced.items():
        for name, method in methods.items():
            getattr(kind, name)  # a renamed attribute raises an error instead of a wrong result
            setattr(kind, name, method)


if sys.orig_argv[-2:] == ["-m", "serving"]:
    _take_out()
