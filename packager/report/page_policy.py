"""What pages that are written as files may do: be read."""

from __future__ import annotations

POLICY = (
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'\">"
)
"""Nothing of such a page runs, loads or sends, whatever values stand in it."""
