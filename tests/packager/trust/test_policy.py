"""The policy of a machine is read strictly."""

from __future__ import annotations

from pathlib import Path

import pytest
from host_samples import LOCK, MANIFEST

from packager.errors import UsageError
from packager.trust.facts import PackageFacts
from packager.trust.policy import TrustPolicy, TrustRule, keys_of
from packager.trust.statements import PackageBinding

POLICY = """\
mode = "enforce"

[[rule]]
repository = "shop/*"
keys = ["release.pub"]
require = ["provenance", "replay"]
minimum_version = "1.2.0"

[[rule]]
repository = "*"
keys = ["/keys/any.pub"]
"""


def facts(version: str) -> PackageFacts:
    manifest = MANIFEST.model_copy(update={"version": version})
    binding = PackageBinding(
        name="shop",
        version=version,
        root=manifest.root,
        config_digest="",
        platform="linux/amd64",
        data_fingerprint=None,
        companion=None,
    )
    return PackageFacts("shop", manifest, LOCK, None, False, binding)


def load(folder: Path, text: str) -> TrustPolicy:
    (folder / "policy.toml").write_text(text)
    return TrustPolicy.load(folder / "policy.toml")


def test_the_first_rule_that_matches_counts_and_keys_are_beside_the_policy(tmp_path: Path) -> None:
    policy = load(tmp_path, POLICY)
    assert policy.mode == "enforce"
    rule = policy.rule_for("shop/visits")
    assert rule is policy.rule[0]
    assert rule.keys == (tmp_path / "release.pub",)
    assert rule.require == ("provenance", "replay")
    assert policy.rule_for("shop") is policy.rule[1]
    assert policy.rule[1].keys == (Path("/keys/any.pub"),)
    with pytest.raises(UsageError, match=r"release\.pub: can't be read"):
        keys_of(rule)


def test_the_default_is_off(tmp_path: Path) -> None:
    assert TrustPolicy.from_environment({}).mode == "off"
    (tmp_path / "p.toml").write_text('mode = "warn"\n')
    found = TrustPolicy.from_environment({"MODEL_PACKAGER_TRUST": str(tmp_path / "p.toml")})
    assert (found.mode, found.rule_for("shop")) == ("warn", None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('mode = "on"', r"mode: Input should be 'off', 'warn' or 'enforce'"),
        ('modes = "off"', "modes: Extra inputs are not permitted"),
        ('[[rule]]\nrepository = "*"\nkeys = []', r"rule\.0\.keys: .* at least 1 item"),
        ('[[rule]]\nrepository = "*"', r"rule\.0\.keys: Field required"),
        ('[[rule]]\nrepository = "*"\nkeys = ["k"]\nrequire = ["x"]', r"require\.0: Input should"),
        ('[[rule]]\nrepository = "*"\nkeys = ["k"]\nroots = ["x"]', r"roots\.0: String should"),
        ('[[rule]]\nrepository = "*"\nkeys = ["k"]\nminimum_version = "x"', "got 'x'"),
        ("mode = ", "expected a policy in TOML"),
        ('[[rule]]\nrepository = "*"\nkeys = ["k"]', "it states no mode: off, warn or enforce"),
        ("", "it states no mode: off, warn or enforce"),
    ],
)
def test_a_wrong_policy_is_an_error_that_names_the_place(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(UsageError, match=message) as raised:
        load(tmp_path, text)
    assert raised.value.hint


def test_a_policy_that_is_not_there_is_not_off(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"MODEL_PACKAGER_TRUST: .*can't be read: No such file"):
        TrustPolicy.from_environment({"MODEL_PACKAGER_TRUST": str(tmp_path / "none.toml")})


@pytest.mark.parametrize(
    ("own", "least", "ok"),
    [("1.2.0", "1.2.0", True), ("1.10.0", "1.9.0", True), ("1.1.9", "1.2.0", False)],
)
def test_the_minimal_version(own: str, least: str, ok: bool) -> None:
    rule = TrustRule(repository="*", keys=(Path("k"),), minimum_version=least)
    (link,) = rule.links(facts(own))
    assert link.status == ("ok" if ok else "failed")
    if not ok:
        assert link.detail == f"expected {least} or later, got {own}"


def test_the_roots_of_a_rule() -> None:
    own = facts("1.0.0")
    listed = TrustRule(repository="*", keys=(Path("k"),), roots=(own.binding.root,))
    other = TrustRule(repository="*", keys=(Path("k"),), roots=("1" * 64,))
    none = TrustRule(repository="*", keys=(Path("k"),), roots=())
    assert [one.links(own)[0].status for one in (listed, other, none)] == ["ok", "failed", "failed"]
    assert other.links(own)[0].detail == f"{own.binding.root} is not listed"


def test_an_empty_name_of_a_policy_is_no_policy_that_is_off() -> None:
    with pytest.raises(UsageError, match="expected the file of a policy, got an empty text"):
        TrustPolicy.from_environment({"MODEL_PACKAGER_TRUST": ""})
    assert TrustPolicy.from_environment({}).mode == "off"
