"""The files of a folder of wheels are those of its wheels."""

from __future__ import annotations

from packager.trust.wheel_files import recorded


def test_a_record_names_files_where_installing_puts_them() -> None:
    text = "a.py,sha256=AA,1\nshop-1.0.data/purelib/b.py,,\nshop-1.0.data/scripts/c,sha256=AA,1\n"
    assert recorded(text, "site") == {"site/a.py": "00", "site/b.py": None, "bin/c": None}
