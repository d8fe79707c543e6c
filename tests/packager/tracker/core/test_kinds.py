from __future__ import annotations

from collections import Counter

from rule_models import MODELS

from packager.deploy.prometheus.alerts import alert_group
from packager.tracker.core.kinds import FAMILIES, family_of


def test_a_kind_is_of_one_family() -> None:
    counts = Counter(kind for kinds in FAMILIES.values() for kind in kinds)
    assert [kind for kind, count in counts.items() if count > 1] == []
    for family, kinds in FAMILIES.items():
        assert {family_of(kind) for kind in kinds} == {family}


def test_every_alert_of_a_model_has_a_family() -> None:
    kinds = {rule.name for model in MODELS.values() for rule in alert_group(model).rules}
    assert {kind for kind in kinds if family_of(kind) not in FAMILIES} == set()


def test_another_kind_is_a_family_of_its_own() -> None:
    assert family_of("Reported") == "Reported"
    assert family_of("featuredrift") == "featuredrift"
    assert family_of("") == ""
