"""Members of a solution in containers of their own, checked before any process starts."""

from __future__ import annotations

from collections.abc import Mapping

from modelhost.solution.member_urls import MemberUrl
from packager.errors import UsageError
from packager.manifest.manifest import Manifest

VARIABLE = "MODEL_MEMBER_URLS"


def check_remote_members(urls: Mapping[str, MemberUrl], manifest: Manifest) -> None:
    """Raise ``UsageError`` unless these are members of a solution that may use the network."""
    if not urls:
        return
    if manifest.solution is None:
        raise UsageError(
            f"{VARIABLE}: expected it unset for {manifest.name}, which is no solution",
            f"unset {VARIABLE}",
        )
    known = [member.name for member in manifest.solution.members]
    for name in urls:
        if name not in known:
            raise UsageError(
                f"{VARIABLE}: expected one of the members {', '.join(known)}, got {name!r}",
                "correct the name",
            )
    if not manifest.serve.network:
        raise UsageError(
            f"{VARIABLE}: expected a solution whose flow may use the network, got {manifest.name}"
            " without",
            "set `network = true` under [serve] in its package.toml, and build it again",
        )
