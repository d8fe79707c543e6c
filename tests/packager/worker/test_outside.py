from __future__ import annotations

from pathlib import Path

from packager.worker.outside import allowed_places


def test_in_a_container_models_and_data_are_its_own_and_not_all_that_is_below_the_root() -> None:
    places = allowed_places(Path("/"))
    assert {"/models", "/data", "/package"} <= set(places)
    assert "/" not in places


def test_a_root_of_this_machine_is_the_packages_own(tmp_path: Path) -> None:
    assert str(tmp_path.resolve()) in allowed_places(tmp_path)
