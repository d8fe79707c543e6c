from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml
from cluster_samples import WORK

from packager.deploy.kubernetes.overlays import overlay_files


def patch(fewest: int, most: int) -> dict[str, Any]:
    return {"kind": "Any", "spec": {"fewest": fewest, "most": most}}


@pytest.mark.parametrize("hashed", [True, False])
def test_a_stage_has_its_namespace_its_replicas_and_names_of_secrets(hashed: bool) -> None:
    files = overlay_files(replace(WORK, keys=True), patch, hashed=hashed)
    made = yaml.safe_load(files["overlays/prod/kustomization.yaml"])
    assert made["namespace"] == "models-prod"
    (one,) = made["patches"]
    assert yaml.safe_load(one["patch"])["spec"] == {"fewest": 2, "most": 6}
    plain = {
        one["name"]: one["options"].get("disableNameSuffixHash", False)
        for one in made["secretGenerator"]
    }
    # The operator's objects name the key of Prometheus, which kustomize doesn't follow.
    assert plain == {"shop-feedback": not hashed, "shop-keys": not hashed, "shop-scrape": True}


def test_secrets_have_the_labels_by_which_a_model_is_deleted() -> None:
    made = yaml.safe_load(
        overlay_files(WORK, patch, hashed=True)["overlays/dev/kustomization.yaml"]
    )
    (one,) = made["secretGenerator"]
    assert one["options"]["labels"] == WORK.labels
    assert one["files"] == ["secrets/feedback.key"]
