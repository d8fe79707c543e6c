"""The shares of a solution's members in Markdown."""

from __future__ import annotations

from packager.testing.markdown_text import NO_VALUE, escaped, signed, table_lines
from packager.worker.test.attribution_records import Attribution, PlayerShare, SliceAttribution

MAX_SLICES = 10
REST = "the rest"
ROUNDING = 1e-9
"""The part of an error up to which a share is what rounding leaves."""


def members_markdown(attribution: Attribution) -> str:
    """A table of the shares by slice, and of the members by themselves."""
    lines = ["### Error by member\n"]
    if attribution.not_attributed:
        lines.append(f"Not attributed: {escaped(attribution.not_attributed)}\n")
    if attribution.slices:
        every = attribution.slices[0]
        names = [
            escaped(share.name) if share.name else REST for share in (*every.shares, every.rest)
        ]
        lines.append(f"Shapley shares of the {attribution.loss}; they add up to it.\n")
        rows = map(_slice, attribution.slices[: MAX_SLICES + 1])
        lines += [*table_lines(("slice", "rows", "error", *names), rows), ""]
    if attribution.members:
        members = (
            (
                escaped(member.name),
                f"{member.rows:,}",
                ", ".join(f"{name} {signed(m.value)}" for name, m in [*member.metrics.items()][:3])
                or escaped(member.why)
                or NO_VALUE,
            )
            for member in attribution.members
        )
        lines += table_lines(("member", "rows received", "own metrics on them"), members)
    return "\n".join(lines) + "\n"


def _slice(one: SliceAttribution) -> tuple[str, ...]:
    shares = (*one.shares, one.rest)
    values = [
        signed(_tidy(share.value, one), sign=True) + _interval(share, one) for share in shares
    ]
    return escaped(one.slice), f"{one.rows:,}", signed(one.error), *values


def _interval(share: PlayerShare, one: SliceAttribution) -> str:
    if share.interval is None:
        return ""
    low, high = (signed(_tidy(end, one)) for end in share.interval)
    return f" ({low} to {high})"


def _tidy(value: float, one: SliceAttribution) -> float:
    """A share, 0 if it is only what rounding left of the error."""
    return 0.0 if abs(value) <= ROUNDING * one.error else value
