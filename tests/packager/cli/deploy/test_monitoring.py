"""``package deploy monitoring``: what it prints, of a package in an OCI folder."""

from __future__ import annotations

import json
from pathlib import Path

from built_packages import built

from packager.image.export import write_oci


def test_the_files_and_the_models_of_the_folder_are_printed(run, tmp_path: Path) -> None:
    write_oci(built(tmp_path).images(), tmp_path / "oci")
    code, out, err = run(
        "deploy", "monitoring", tmp_path / "oci", "--output", tmp_path / "watch", "--json"
    )
    assert code == 0, err
    document = json.loads(out)
    assert document["models"] == ["shop"]
    assert all((tmp_path / "watch" / path).is_file() for path in document["files"])
    assert "watched: shop" in err
    assert f"check: promtool test rules {tmp_path}/watch/prometheus/tests/shop.yml" in err
    assert run("deploy", "remove", "shop", "--output", tmp_path / "watch")[0] == 0
    assert not (tmp_path / "watch/prometheus/rules/shop.yml").exists()
