from pathlib import Path

import pytest
from command import package_here
from deployed_models import written

from packager.rollout import journal
from packager.rollout.journal import UpdateJournal
from packager.rollout.request import UpdateRequest


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "expected one of REF, --resume and --abort"),
        (("shop:2", "--abort"), "expected one of REF, --resume and --abort"),
        (("shop:2", "--no-gate"), "--no-gate and --reason: expected both or neither"),
        (("shop:2", "--reason", "haste"), "--no-gate and --reason: expected both or neither"),
        (("shop:2", "--canary", "1"), "--canary: expected a share of at least 0, below 1"),
        (("--resume",), "expected an update under way, got none"),
        (("--abort",), "expected an update under way, got none"),
    ],
)
def test_wrong_usage_is_told(tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    done = package_here("deploy", "update", *words, "--output", written(tmp_path))
    assert done.code == 2
    assert told in done.err


def test_a_folder_of_another_target_is_refused(tmp_path: Path) -> None:
    done = package_here("deploy", "update", "--abort", "--output", tmp_path / "other")
    assert done.code == 2
    assert "expected a folder of `deploy compose`, got another" in done.err


def test_an_update_that_was_killed_is_told_before_anything_else(tmp_path: Path) -> None:
    out = written(tmp_path)
    asked = UpdateRequest("shop:2").document
    journal.begin(out, UpdateJournal("diamonds-cut", "1", "2", "shop:2", "canary", asked))
    done = package_here("deploy", "update", "shop:3", "--output", out)
    assert done.code == 2
    assert "to 2 was begun and not ended (phase: canary)" in done.err
    assert "--resume goes on, --abort takes it back" in done.err
