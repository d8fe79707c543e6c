"""A step of a derived table: code or a command."""

import pytest
from derived_tables import run

from packager.errors import PackageError, UsageError
from packager.tables.delta import VersionedTable


@pytest.mark.slow
def test_a_command_is_a_step_too(steps, raw, clean):
    assert run(steps, clean, [raw], "cp {raw} {out}", is_command=True).outcome == "computed"
    assert run(steps, clean, [raw], "cp {raw} {out}", is_command=True).outcome == "unchanged"
    with pytest.raises(PackageError, match=r"expected a Parquet file at \{out\}, got none"):
        run(steps, clean, [raw], "true", is_command=True)
    with pytest.raises(PackageError, match="ended with 1; nothing was committed"):
        run(steps, clean, [raw], "false", is_command=True)
    with pytest.raises(UsageError, match="can't be started"):
        run(steps, clean, [raw], "no-such-program", is_command=True)


@pytest.mark.slow
def test_a_step_that_is_none_commits_nothing(steps, raw, clean, capfd):
    with pytest.raises(PackageError, match="ended with 3; nothing was committed"):
        run(steps, clean, [raw], "steps:wrong")
    assert "expected a DataFrame, got int" in capfd.readouterr().err
    with pytest.raises(UsageError, match="expected module `absent`"):
        run(steps, clean, [raw], "absent:clean")
    with pytest.raises(UsageError, match="expected other tables as parents"):
        run(steps, raw, [raw])
    assert not VersionedTable.exists(clean)
    run(steps, clean, [raw])
    with pytest.raises(UsageError, match=r"parents that are not derived from it, got .*clean"):
        run(steps, raw, [clean])
