"""The layers of an image hold what its manifest names, and nothing else."""

from __future__ import annotations

from pathlib import Path

from trust_samples import SITE, environment, layer_of

from packager.trust.contents import read_contents


def test_a_layer_writes_below_its_own_folder_only_and_shadows_nothing(tmp_path: Path) -> None:
    lock, wheels = environment(tmp_path, {})
    code = layer_of(tmp_path, "code", {"code/a.py": b"", f"{SITE}/numpy.py": b""})
    extra = layer_of(tmp_path, "extra", {f"{SITE}/shop.py": b"x = 2\n"})
    wrong = read_contents([wheels, code, extra], lock).checks
    assert [(check.name, check.actual) for check in wrong] == [
        ("layer code", f"/{SITE}/numpy.py"),
        ("layer extra", f"/{SITE}/shop.py"),
    ]
