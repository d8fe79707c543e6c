"""Secrets by shape, and none where there are only digests."""

from __future__ import annotations

from pathlib import Path

from packager.trust.found_secrets import secrets_in


def test_both_detectors_are_asked_and_every_line_is_told_once(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    twilio = "AC" + "0123456789abcdef" * 2
    path.write_text(f"a = 1\nb = 'ghp_{'a1B2' * 9}'\nc = '{twilio}'\n")
    assert secrets_in(path, "a.py") == [
        "line 2 holds a GitHub token",
        "line 3 holds a secret of the kind Twilio API Key",
    ]


def test_digests_and_binary_files_are_no_secrets(tmp_path: Path) -> None:
    path = tmp_path / "lock.json"
    path.write_text("".join(f'{{"sha256": "{n:064x}", "password": "x"}}\n' for n in range(200)))
    assert secrets_in(path, "lock.json") == []
    path.write_bytes(b"\0" * 100 + b"ghp_" + b"a1B2" * 9)
    assert secrets_in(path, "model") == []
