"""Labelling schemes that a TOML file or options declare."""

from __future__ import annotations

import pytest

from packager.errors import UsageError
from packager.labelling.scheme_file import make_scheme, read_scheme

TOML = """\
[quality]
classes = ["bad", "fair", "good"]
ordered = true

[size]
kind = "number"
min = 0
max = 10
tolerance = 0.5
resolve = "mean"
"""


def test_a_file_declares_schemes_by_name(tmp_path):
    file = tmp_path / "schemes.toml"
    file.write_text(TOML)
    quality, size = read_scheme(file, "quality"), read_scheme(file, "size")
    assert (quality.texts, quality.ordered, quality.resolve) == (
        ("bad", "fair", "good"),
        True,
        "majority",
    )
    assert (size.kind, size.maximum, size.tolerance, size.resolve) == ("number", 10, 0.5, "mean")
    with pytest.raises(UsageError, match=r"expected a scheme \[other\], got quality, size"):
        read_scheme(file, "other")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[quality", "not valid TOML"),
        ("quality = 1\n", r"expected a scheme \[quality\], got quality"),
        ('[quality]\nclass = ["a"]\n', "unknown key `class`"),
        ('[quality]\nname = "x"\n', "unknown key `name`"),
        ('[quality]\nkind = "text"\n', "`kind`: "),
        ('[quality]\nclasses = ["a", "a"]\n', "expected every class once"),
    ],
)
def test_a_malformed_scheme_is_refused_by_key(tmp_path, text, message):
    file = tmp_path / "schemes.toml"
    file.write_text(text)
    with pytest.raises(UsageError, match=message):
        read_scheme(file, "quality")


def test_a_file_that_is_absent_or_a_bad_name_is_refused(tmp_path):
    with pytest.raises(UsageError, match="which does not exist"):
        read_scheme(tmp_path / "none.toml", "quality")
    with pytest.raises(UsageError, match=r"expected the name of a labelling scheme, got '\.\./x'"):
        make_scheme("../x", {}, "scheme")
