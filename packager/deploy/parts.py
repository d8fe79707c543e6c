"""The optional services of a deployment, which all its models share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from packager.errors import UsageError

PROMETHEUS, ALERTMANAGER, GRAFANA = "prometheus", "alertmanager", "grafana"
TRACKER, REDIS, GATEWAY = "tracker", "redis", "gateway"
PARTS = (PROMETHEUS, ALERTMANAGER, GRAFANA, TRACKER, REDIS, GATEWAY)
DEFAULT_PARTS = frozenset({PROMETHEUS, ALERTMANAGER, GRAFANA, TRACKER})
"""Redis is left out: replicas on one host share a volume. So is the gateway: models have ports."""
NEEDS = {ALERTMANAGER: PROMETHEUS, GRAFANA: PROMETHEUS}
"""Part → the part without which it has nothing to show or send."""


def chosen_parts(
    current: Iterable[str], added: Sequence[str], left_out: Sequence[str]
) -> frozenset[str]:
    """``current`` with the parts ``added`` and without those ``left_out``.

    Raises ``UsageError`` for an unknown part, one in both lists, and one without what it needs.
    """
    for option, names in (("--with", added), ("--without", left_out)):
        for name in names:
            if name not in PARTS:
                raise UsageError(
                    f"{option}: expected one of {', '.join(PARTS)}, got {name!r}",
                    "repeat the option for several parts",
                )
    both = sorted(set(added) & set(left_out))
    if both:
        raise UsageError(f"{both[0]} is in both --with and --without", "name it in one of them")
    chosen = (set(current) | set(added)) - set(left_out)
    for needed in sorted(set(NEEDS.values()) - chosen):
        readers = sorted(name for name in chosen if NEEDS.get(name) == needed)
        _check_unneeded(needed, readers, left_out)
    return frozenset(chosen)


def _check_unneeded(absent: str, readers: Sequence[str], left_out: Sequence[str]) -> None:
    """Raise ``UsageError`` if any of ``readers`` needs the part ``absent``."""
    if not readers:
        return
    without = " ".join(f"--without {name}" for name in readers)
    verb = "reads" if len(readers) == 1 else "read"
    names = " and ".join(readers)
    raise UsageError(
        f"expected {absent}, which {names} {verb} from, got a deployment without it",
        f"add {without}, or {'keep' if absent in left_out else '--with'} {absent}",
    )
