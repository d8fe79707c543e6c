"""The issue tracker in a cluster: one volume, no privilege, few to talk to."""

from __future__ import annotations

from cluster_samples import TRACKER, unrestricted

from packager.deploy.kubernetes.cluster_tracker import policy, stateful_set


def test_the_pod_is_restricted_and_writes_to_its_one_volume_only() -> None:
    spec = stateful_set(TRACKER, ["shop"])["spec"]
    pod = spec["template"]["spec"]
    assert unrestricted(pod) == []
    assert pod["securityContext"]["runAsUser"] == 65532
    assert spec["replicas"] == 1
    assert [one["metadata"]["name"] for one in spec["volumeClaimTemplates"]] == ["state"]
    (container,) = pod["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    written = {
        one["name"]: one["mountPath"] for one in container["volumeMounts"] if "readOnly" not in one
    }
    assert written == {"state": "/state", "tmp": "/tmp"}


def test_it_reaches_names_prometheus_and_alertmanager_only() -> None:
    names, sources = policy(TRACKER)["spec"]["egress"]
    assert {one["port"] for one in names["ports"]} == {53}
    assert {one["port"] for one in sources["ports"]} == {9090, 9093}
    labels = [one["namespaceSelector"]["matchLabels"] for one in sources["to"]]
    assert labels == [{"kubernetes.io/metadata.name": "monitoring"}]
