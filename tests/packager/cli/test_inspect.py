"""Commands that describe packages: anything else is refused with its name."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.mark.parametrize("verb", ["inspect", "serve", "replay"])
def test_a_reference_that_is_not_there_ends_with_one(run, verb: str):
    code, out, err = run(verb, "shop:1.0.0")
    assert (code, out) == (1, "")
    assert "error: shop:1.0.0: no such folder or file, and no engine responds" in err


def test_a_file_that_is_no_package_ends_with_two(run, tmp_path: Path):
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n" * 200)
    code, out, err = run("inspect", tmp_path / "rows.csv")
    assert (code, out) == (2, "")
    assert "expected an archive of `docker save`" in err
