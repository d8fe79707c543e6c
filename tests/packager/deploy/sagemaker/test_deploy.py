from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from deployed_models import MODEL, Packaged, contents
from sagemaker_samples import IMAGE, ROLE

from packager.deploy.folder_target import SAGEMAKER, target_of
from packager.deploy.prometheus.rules import MonitoredModel, Objectives
from packager.deploy.sagemaker.addresses import ImageAddress, RoleAddress
from packager.deploy.sagemaker.deploy import (
    SagemakerOptions,
    SagemakerResult,
    deploy_sagemaker,
    parsed_variables,
    remove_sagemaker,
)
from packager.errors import UsageError

PLACE = (ImageAddress.parse(IMAGE), RoleAddress.parse(ROLE))


def written(target: Path, model: MonitoredModel = MODEL, **changes: Any) -> SagemakerResult:
    package: Any = Packaged(model, "shop")
    return deploy_sagemaker(package, target, SagemakerOptions(*PLACE, **changes), Objectives())


def test_models_share_a_folder_and_each_is_removed(tmp_path: Path) -> None:
    done = written(tmp_path)
    assert (done.endpoint, done.region) == (MODEL.name, "eu-west-1")
    alone = contents(tmp_path)
    written(tmp_path, replace(MODEL, name="other"))
    assert target_of(tmp_path) == SAGEMAKER
    assert remove_sagemaker("other", tmp_path).endpoint == "other"
    assert contents(tmp_path) == alone
    with pytest.raises(UsageError, match="expected one of the models diamonds-cut, got 'other'"):
        remove_sagemaker("other", tmp_path)


def test_another_version_replaces_one_and_the_first_gives_the_first_bytes(tmp_path: Path) -> None:
    written(tmp_path)
    first = contents(tmp_path)
    written(tmp_path, replace(MODEL, version="2.0.0-abc"))
    assert contents(tmp_path).keys() == first.keys()
    assert contents(tmp_path) != first
    written(tmp_path)
    assert contents(tmp_path) == first


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"instance_type": "m5.large"}, "--instance-type: expected a type such as ml.m5.large"),
        ({"instances": 7}, "--most-instances: expected at least --instances 7, got 6"),
        ({"topic": "people"}, "--alarm-topic: expected arn:aws:sns:REGION:ACCOUNT:NAME"),
    ],
)
def test_a_wrong_option_is_named(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=f"^{told}"):
        SagemakerOptions(*PLACE, **changes)


@pytest.mark.parametrize("text", ["A", "=x", "1A=x", "A B=x", f"A={'x' * 1025}"])
def test_what_is_no_setting_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"^--variable: expected NAME=VALUE"):
        parsed_variables([text])


def test_settings_are_pairs_and_few() -> None:
    assert parsed_variables(["A=1", "B=x=y", "C="]) == {"A": "1", "B": "x=y", "C": ""}
    with pytest.raises(UsageError, match="expected fewer than 100 variables, got 100"):
        parsed_variables([f"A{n}=1" for n in range(100)])
