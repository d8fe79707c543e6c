from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from modelhost.sandbox.file_access import allowed_paths


def test_a_container_grants_its_own_models_and_data_not_all_below_the_root() -> None:
    places = allowed_paths(Path("/"))
    assert {"/models", "/data", "/package"} <= set(places)
    assert "/" not in places


def test_a_root_of_this_machine_is_the_packages_own(tmp_path: Path) -> None:
    assert str(tmp_path.resolve()) in allowed_paths(tmp_path)


PROGRAM = """
import sys
from pathlib import Path
from modelhost.errors import PackageError
from modelhost.sandbox.file_access import restrict_file_access
root = Path(sys.argv[1])
restrict_file_access(root, training=sys.argv[2] == "training")
from recipe import read
try:
    print(read(root / "models" / "model"))
except PackageError as error:
    print(error.message)
    print(error.hint)
"""


@pytest.mark.parametrize("verb", ["training", "comparing"])
def test_the_recorded_model_is_shut_to_the_recipe_alone(tmp_path: Path, verb: str) -> None:
    for name in ("models", "code"):
        (tmp_path / name).mkdir()
    model = tmp_path / "models" / "model"
    model.write_text("weights")
    (tmp_path / "code" / "recipe.py").write_text("def read(path):\n    return path.read_text()\n")
    ended = subprocess.run(
        [sys.executable, "-c", f"import sys\nsys.path.insert(0, '.'){PROGRAM}", tmp_path, verb],
        cwd=tmp_path / "code",
        capture_output=True,
        text=True,
        check=False,
    )
    refused = (
        f"the recipe read {model}, which its repeat is compared with\n"
        "see recipe.py:2: train from the data, or package the model without a recipe"
    )
    assert ended.stdout.strip() == (refused if verb == "training" else "weights"), ended.stderr
