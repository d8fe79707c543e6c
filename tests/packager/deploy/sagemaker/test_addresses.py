from __future__ import annotations

import pytest
from sagemaker_samples import IMAGE, ROLE

from packager.deploy.sagemaker.addresses import ImageAddress, RoleAddress
from packager.errors import UsageError


def test_an_image_says_where_it_is() -> None:
    found = ImageAddress.parse(IMAGE)
    assert (found.account, found.region) == ("123456789012", "eu-west-1")
    assert found.repository == "team/shop"


@pytest.mark.parametrize(
    "image",
    [
        "",
        "shop:1",
        f"host.example/shop@sha256:{'a' * 64}",
        IMAGE.replace("@sha256", ":1@sha512"),
        IMAGE[:-1],
        IMAGE.replace("123456789012", "1234"),
        IMAGE.replace("team/shop", "x" * 200),
        IMAGE.replace("eu-west-1", "eu west"),
    ],
)
def test_another_image_is_refused(image: str) -> None:
    with pytest.raises(UsageError, match=r"^--image: expected ACCOUNT.dkr") as raised:
        ImageAddress.parse(image)
    assert "private repository of your account" in (raised.value.hint or "")


def test_a_role_says_its_account() -> None:
    found = RoleAddress.parse(ROLE)
    assert (found.partition, found.account) == ("aws", "210987654321")
    assert RoleAddress.parse(ROLE.replace("arn:aws:", "arn:aws-cn:")).partition == "aws-cn"


@pytest.mark.parametrize("role", ["", "shop", ROLE.replace("role/", "user/"), f"{ROLE} "])
def test_another_role_is_refused(role: str) -> None:
    with pytest.raises(UsageError, match=r"^--role: expected arn:aws:iam::ACCOUNT:role/NAME"):
        RoleAddress.parse(role)
