from __future__ import annotations

from pathlib import Path

import pytest

from packager.errors import PackageError, UsageError
from packager.tracker.store.opening import DATABASE, open_store


def test_a_store_that_is_not_there_is_not_made_by_a_reader(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="expected a store of issues, got no file"):
        open_store(tmp_path)
    assert list(tmp_path.iterdir()) == []
    open_store(tmp_path, create=True).close()
    open_store(tmp_path).close()
    assert (tmp_path / DATABASE).exists()


def test_another_address_is_refused_before_anything_is_opened(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="begins with postgresql://"):
        open_store(tmp_path, "mysql://h/x")
