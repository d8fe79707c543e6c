"""The rows of the companion, split as for the training."""

from __future__ import annotations

from judged_packages import sizes
from worker_projects import Project

from packager.manifest.manifest import Manifest
from packager.model.integrity import MANIFEST
from packager.model.paths import Root
from packager.worker.test.packaged_rows import packaged_rows


def test_they_are_those_of_the_training(package: Project) -> None:
    manifest = Manifest.load(package.root.package / MANIFEST)
    found = packaged_rows(manifest, package.root)
    assert not isinstance(found, str)
    assert len(found.train) + len(found.test) == len(sizes(4_000, 1))
    elsewhere = Root(package.root.path / "nowhere")
    assert packaged_rows(manifest, elsewhere) == "the companion holds no data"
    given = manifest.model_copy(update={"recipe": "none"})
    assert packaged_rows(given, package.root) == "the model was trained elsewhere"
