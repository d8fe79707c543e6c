"""Personal data in training: reported, in no shipped file, and without effect on the model."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from worker_projects import RECIPE, Project

from packager.digest import sha256_file
from packager.errors import UsageError
from packager.manifest.evaluation import Golden
from packager.worker.train_job import run

PEOPLE = """
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    def train(features, target, *, params, seed):
        encoder = OneHotEncoder(handle_unknown=params.get("unknown", "ignore"))
        columns = make_column_transformer(
            (encoder, ["mail", "shop"]), ("passthrough", ["size", "mobile"])
        )
        return make_pipeline(columns, LogisticRegression()).fit(features, target)
"""
SHOWN = ("result.json", "profile.json", "golden.json")


@pytest.fixture
def people(project: Project, rows: pd.DataFrame) -> pd.DataFrame:
    project.code(train=PEOPLE)
    frame = rows[["size", "label"]].assign(
        mail=[f"secret{number % 20}@private.org" for number in range(80)],
        mobile=[1701000000 + 37 * (number % 50) for number in range(80)],
        shop=["north", "south"] * 40,
    )
    project.data(frame)
    return frame


@pytest.mark.slow
def test_no_value_of_them_is_recorded_and_the_model_is_the_same(
    project: Project, people: pd.DataFrame, capfd: pytest.CaptureFixture[str]
) -> None:
    allowed = run(
        project.job(query_model=True, not_personal=("mail", "mobile")), project.root, project.out
    )
    model = sha256_file(project.out / "model/model")
    text = "".join((project.out / name).read_text() for name in SHOWN)
    assert "secret1@private.org" in text
    assert "1701000037" in text or "1701001813" in text
    assert [column.personal for column in allowed.schema_.features] == [None] * 4
    assert "personal data" not in capfd.readouterr().err

    found = run(project.job(query_model=True, personal=("shop",)), project.root, project.out)
    told = {column.name: column.personal for column in found.schema_.features}
    assert told == {
        "size": None,
        "mail": "e-mail addresses",
        "mobile": "phone numbers",
        "shop": "personal data",
    }
    said = capfd.readouterr().err
    assert "personal data: 'mail' looks like e-mail addresses" in said
    assert "personal data: 'shop' is personal data" in said
    assert "not_personal = ['mail'] under [data] of package.toml" in said
    text = "".join((project.out / name).read_text() for name in SHOWN)
    for value in ("secret", "private.org", "17010", "north", "south"):
        assert value not in text
    profile = json.loads((project.out / "profile.json").read_bytes())
    assert profile["features"][0]["name"] == "size"
    assert profile["drift_excluded"]["mail"] == {"reason": "personal", "detail": "e-mail addresses"}
    golden = Golden.load(project.out / "golden.json")
    assert len(golden.rows) == 8
    assert golden.rows[0]["mail"].endswith("@example.com")
    assert sha256_file(project.out / "model/model") == model
    assert found.evaluation == allowed.evaluation


@pytest.mark.slow
def test_a_model_that_takes_only_its_own_values_has_no_example(
    project: Project, people: pd.DataFrame, capfd: pytest.CaptureFixture[str]
) -> None:
    recipe = RECIPE.model_copy(update={"params": {"unknown": "error"}})
    run(project.job(query_model=True, recipe=recipe), project.root, project.out)
    assert Golden.load(project.out / "golden.json").rows == ()
    assert "no synthetic value of 'mail'" in capfd.readouterr().err
    assert len(Golden.load(project.out / "smoke_test.json").rows) == 8


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"slices_columns": ("mail",)}, "[slices] columns: expected no personal data, got 'mail'"),
        ({"monitoring_include": ("mail",)}, "[monitoring] include: expected no personal data"),
        ({"personal": ("none",)}, "[data] personal: expected a column of the data, got 'none'"),
        ({"not_personal": ("none",)}, "[data] not_personal: expected a column of the data"),
    ],
)
def test_what_would_show_them_stops_the_build(
    project: Project, people: pd.DataFrame, changes: dict[str, tuple[str, ...]], said: str
) -> None:
    with pytest.raises(UsageError) as told:
        run(project.job(**changes), project.root, project.out)
    assert told.value.message.startswith(said)
    if "got 'mail'" in said:
        assert "not_personal = ['mail'] under [data] of package.toml" in told.value.hint
        run(project.job(**changes, not_personal=("mail",)), project.root, project.out)


@pytest.mark.slow
def test_categories_that_would_be_recorded_stop_the_build(
    project: Project, people: pd.DataFrame
) -> None:
    for file in project.root.source.iterdir():
        file.unlink()
    project.data(people.astype({"mail": "category"}), "rows.parquet")
    with pytest.raises(UsageError, match="'mail' looks like e-mail addresses and has the dtype"):
        run(project.job(), project.root, project.out)
    run(project.job(not_personal=("mail",)), project.root, project.out)


@pytest.mark.slow
def test_excluded_columns_are_not_reported(
    project: Project, people: pd.DataFrame, capfd: pytest.CaptureFixture[str]
) -> None:
    project.code(
        train="""
        from sklearn.linear_model import LogisticRegression

        def train(features, target, *, params, seed):
            return LogisticRegression().fit(features, target)
        """
    )
    job = project.job(exclude=("mail", "mobile", "shop"))
    run(job, project.root, project.out)
    assert "personal data" not in capfd.readouterr().err
