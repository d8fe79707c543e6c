from __future__ import annotations

import pytest

from packager.image.tracker_files import installed_modules, tracker_tag

pytestmark = pytest.mark.slow


def test_the_image_has_the_modules_with_pages_and_lock_and_no_starter():
    found = installed_modules()
    assert "packager/tracker/service/pages/templates/list.html" in found
    assert "packager/tracker/service/pages/static/issues.css" in found
    assert "packager/environment/shipped.lock.json" in found
    assert "modelhost/errors.py" in found
    assert not [name for name in found if name.startswith("packager/project/templates/")]


def test_the_tag_is_of_this_installation(monkeypatch, tmp_path):
    tag = tracker_tag.__wrapped__  # a process computes it once
    assert tag() == tracker_tag()
    changed = tmp_path / "changed.py"
    changed.write_text("1\n")
    files = installed_modules() | {"packager/errors.py": changed}
    monkeypatch.setattr("packager.image.tracker_files.installed_modules", lambda: files)
    assert tag() != tracker_tag()
