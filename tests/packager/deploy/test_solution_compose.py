from __future__ import annotations

from pathlib import Path

import yaml
from remote_members import remote_solution

from packager.deploy.solution_compose import MemberImage, compose_text, is_own

KIND = MemberImage("kind", "models/kind:1.0-abc", 512)
PRICE = MemberImage("price_eu", "models/$price:1.0-def", 256, network=True)


def test_the_flow_asks_its_members_by_the_names_of_their_services(tmp_path: Path) -> None:
    manifest = remote_solution(tmp_path).solution.manifest
    text = compose_text(manifest, "models/claims:1.0", [KIND, PRICE])
    assert text == compose_text(manifest, "models/claims:1.0", [KIND, PRICE])
    document = yaml.safe_load(text)
    services, networks = document["services"], document["networks"]
    assert set(services) == {"state-claims", "member-kind", "member-price-eu", "model-claims"}
    flow = services["model-claims"]
    assert flow["environment"]["MODEL_MEMBER_URLS"] == (
        "kind=http://member-kind:3000,price_eu=http://member-price-eu:3000"
    )
    assert flow["depends_on"]["member-kind"] == {"condition": "service_healthy"}
    assert flow["ports"] == ["127.0.0.1:${MODEL_PORT:-3000}:3000"]
    assert networks == {"members": {"internal": True}, "outside": {}}
    assert flow["networks"] == ["members", "outside"]
    kind, price = services["member-kind"], services["member-price-eu"]
    assert kind["networks"] == ["members"]
    assert price["networks"] == ["members", "outside"]
    assert (kind["mem_limit"], price["mem_limit"]) == (
        "${MEMBER_MEMORY:-512m}",
        "${MEMBER_MEMORY:-256m}",
    )
    assert price["image"] == "models/$$price:1.0-def"
    for service in services.values():
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["read_only"] is True
        assert service["pids_limit"] > 0
        assert {*service.get("networks", [])} <= {*networks}
        assert {*service.get("depends_on", {})} <= {*services}
    assert "ports" not in kind
    named = [volume.split(":")[0] for volume in flow["volumes"]]
    assert named == [*document["volumes"]]


def test_its_own_files_are_known(tmp_path: Path) -> None:
    manifest = remote_solution(tmp_path).solution.manifest
    assert is_own(compose_text(manifest, "models/claims:1.0", [KIND]))
    assert not is_own("services: {}\n")
    assert not is_own("")
