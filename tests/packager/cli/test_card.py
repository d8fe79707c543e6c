"""``package card``: the model card as a page or Markdown."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import package_here
from sbom_samples import make_package


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_package(tmp_path_factory.mktemp("made")).folder


def test_a_page_is_written_to_a_file(made: Path, tmp_path: Path):
    out = tmp_path / "card.html"
    done = package_here("card", made, "--output", out)
    assert (done.code, done.out) == (0, f"{out}\n")
    text = out.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert "Prices &lt;flats&gt;. Predicts price from 2 inputs." in text
    assert package_here("card", made).out == text


def test_markdown_is_printed(made: Path):
    done = package_here("card", made, "--format", "markdown")
    assert done.code == 0
    assert done.out.startswith("# shop\n\nPrices \\<flats\\>.")


def test_a_place_that_cant_be_written_is_refused_first(made: Path):
    done = package_here("card", made, "--output", "/proc/no/card.html")
    assert done.code == 1
    assert "/proc/no" in done.err


def test_the_card_itself_is_json_on_demand(made: Path, tmp_path: Path):
    done = package_here("card", made, "--json")
    assert done.json["title"] == "shop"
    assert done.json["blocks"][0]["tables"][0]["rows"][0] == ["Intended use", "One.\n\nTwo."]
    out = tmp_path / "card.md"
    done = package_here("card", made, "--json", "--format", "markdown", "--output", out)
    assert done.json == {"output": str(out)}
    assert out.read_text(encoding="utf-8").startswith("# shop")
    done = package_here("card", made, "--json", "--format", "html")
    assert done.code == 2
    assert "--json: expected --output with --format" in done.err
