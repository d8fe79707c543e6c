"""The overlays of a model: for each stage its namespace, its secrets and its number of replicas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from packager.deploy.commented import commented
from packager.deploy.kubernetes.workload import Workload
from packager.deploy.yaml import dump

KUSTOMIZE = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
OVERLAYS = {"dev": (1, 2), "prod": (2, 6)}
"""Stage → fewest and most replicas."""
_HEAD = """\
#   kubectl apply -k overlays/{stage}
"""


def overlay_files(
    work: Workload, patch: Callable[[int, int], dict[str, Any]], *, hashed: bool
) -> dict[str, str]:
    """Path → content of the overlays; ``patch``: fewest and most replicas → the object with them.

    ``hashed``: whether names of secrets end with a hash of their content, so that a changed secret
    replaces the pods. Kustomize follows such names only in kinds of Kubernetes itself.
    """
    files = {
        f"overlays/{stage}/kustomization.yaml": _overlay(work, stage, patch(*replicas), hashed)
        for stage, replicas in OVERLAYS.items()
    }
    return {**files, "overlays/.gitignore": "secrets/\n"}


def _overlay(work: Workload, stage: str, replicas: dict[str, Any], hashed: bool) -> str:
    secrets = [_secret(work, "feedback", "feedback.key", hashed)]
    if work.keys:
        secrets += [
            _secret(work, "keys", "api.keys", hashed),
            # Kustomize does not know where the objects of Prometheus's operator name it.
            _secret(work, "scrape", "scrape.key", hashed=False),
        ]
    document = {
        **KUSTOMIZE,
        "namespace": f"models-{stage}",
        "resources": ["../../base"],
        "secretGenerator": secrets,
        "patches": [{"patch": dump(replicas)}],
    }
    comments = {
        "namespace": "Make it first: kubectl create namespace ...; another name is fine.",
        "secretGenerator": _secret_comment(work, hashed),
        "patches": "Fewest and most replicas of this stage.",
    }
    return _HEAD.format(stage=stage) + commented(document, comments)


def _secret(work: Workload, suffix: str, file: str, hashed: bool) -> dict[str, Any]:
    return {
        "name": f"{work.name}-{suffix}",
        "files": [f"secrets/{file}"],
        "options": {
            "labels": work.labels,
            **({} if hashed else {"disableNameSuffixHash": True}),
        },
    }


def _secret_comment(work: Workload, hashed: bool) -> str:
    lines = [
        "Files that you make; they are in no repository. The key that signs feedback tokens:",
        '  mkdir -m 700 -p secrets && echo "1:$(openssl rand -base64 32)" >secrets/feedback.key',
    ]
    if work.keys:
        lines += [
            "API keys, one a line in secrets/api.keys, and one of them for Prometheus in",
            "secrets/scrape.key.",
        ]
    if not hashed:
        lines.append("After a change of feedback.key restart the pods: kubectl rollout restart.")
    return "\n".join(lines)
