from __future__ import annotations

from dataclasses import replace
from typing import Any

from sagemaker_samples import ENDPOINT

from packager.deploy.sagemaker.policies import deployer_policy, execution_policy, trust_policy
from packager.deploy.sagemaker.script import deploy_script


def statements(policy: dict[str, Any]) -> list[dict[str, Any]]:
    assert policy["Version"] == "2012-10-17"
    return list(policy["Statement"])


def test_the_endpoint_pulls_one_repository_and_writes_its_own_logs() -> None:
    found = {one["Sid"]: one for one in statements(execution_policy(ENDPOINT))}
    assert found["PullTheImage"]["Resource"] == [
        "arn:aws:ecr:eu-west-1:123456789012:repository/team/shop"
    ]
    logs = "arn:aws:logs:eu-west-1:210987654321:log-group:/aws/sagemaker/Endpoints/shop"
    assert found["WriteLogs"]["Resource"] == [logs, f"{logs}:*"]
    actions = {action for one in found.values() for action in one["Action"]}
    assert not [action for action in actions if "*" in action or action.startswith("s3:")]


def test_a_right_on_everything_is_one_that_has_no_resources_or_has_a_condition() -> None:
    free = {"ecr:GetAuthorizationToken", "cloudwatch:DescribeAlarms"}
    for policy in (execution_policy(ENDPOINT), deployer_policy(ENDPOINT)):
        for one in statements(policy):
            if one["Resource"] == ["*"] and "Condition" not in one:
                assert all(name in free or ":List" in name for name in one["Action"])


def test_the_role_is_given_to_sagemaker_for_this_account_only() -> None:
    (one,) = statements(trust_policy(ENDPOINT))
    assert one["Principal"] == {"Service": "sagemaker.amazonaws.com"}
    assert one["Condition"] == {"StringEquals": {"aws:SourceAccount": "210987654321"}}
    given = next(
        one for one in statements(deployer_policy(ENDPOINT)) if one["Sid"] == "GiveTheRole"
    )
    assert given["Resource"] == [ENDPOINT.role.text]


def test_names_of_another_partition_are_of_it() -> None:
    role = replace(ENDPOINT.role, partition="aws-cn")
    text = str(execution_policy(replace(ENDPOINT, role=role)))
    assert "arn:aws-cn:ecr:" in text
    assert "arn:aws:" not in text


def test_the_deployer_may_call_what_the_script_calls() -> None:
    allowed = {
        action.partition(":")[2].lower()
        for one in statements(deployer_policy(ENDPOINT))
        for action in one["Action"]
    }
    words = deploy_script(ENDPOINT, "logs").replace("\n", " ").split()
    called = {
        word.replace("-", "")
        for word in words
        if word.startswith(("create-", "update-", "describe-", "put-", "register-"))
    }
    assert called <= allowed
    assert len(called) == 8
