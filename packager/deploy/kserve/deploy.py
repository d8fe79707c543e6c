"""``package deploy kserve``: the folder of each model among those of others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from packager.deploy import generated_folder
from packager.deploy.folder_target import KSERVE, TARGET, check_target
from packager.deploy.kserve.files import kserve_files
from packager.deploy.kserve.versions import PredictorVersion, PredictorVersions, with_version
from packager.deploy.kubernetes.deploy import MODELS, ClusterOptions, model_dashboards
from packager.deploy.kubernetes.workload import object_name
from packager.deploy.monitoring import model_rules, monitored, replica_mib
from packager.deploy.prometheus.rules import AlertOptions, Objectives
from packager.errors import UsageError
from packager.image.reference import Reference


@dataclass(frozen=True)
class KserveResult:
    """The written files."""

    files: tuple[str, ...]
    """Paths below the folder, sorted."""
    folder: str
    """The model's own folder, and the name of its InferenceService."""
    versions: PredictorVersions
    before: PredictorVersions | None
    """The predictors of an earlier call; None for a new model."""
    changed: tuple[str, ...]
    """Files that the user changed, which were kept."""


def deploy_kserve(
    reference: Reference,
    target: Path,
    cluster: ClusterOptions,
    objectives: Objectives,
    options: AlertOptions,
    canary: int | None = None,
) -> KserveResult:
    """Write the manifests of ``reference`` below ``target``, in a folder of the model's own.

    ``canary``: percentage of the requests that it gets beside the stable version. Raises
    ``UsageError``, with nothing written, if ``target`` holds other files, or as ``with_version``.
    """
    manifest = reference.manifest
    model = monitored(reference, objectives, options)
    new = PredictorVersion(
        version=model.version,
        image=cluster.image,
        memory_mib=replica_mib(manifest),
        workers=manifest.serve.workers,
        network=manifest.serve.network,
        grpc=manifest.serve.grpc,
    )
    known = known_versions(target)
    folder = object_name(model.name)
    before = known.get(folder)
    versions = with_version(model.name, before, new, canary)
    versions = replace(versions, keys=versions.keys or cluster.keys)
    own_files = kserve_files(versions, cluster, model_rules(model), model_dashboards(model, folder))
    files = {f"{folder}/{path}": text for path, text in own_files.items()}
    changed = _write(target, files, {**known, folder: versions}, folder)
    return KserveResult(tuple(sorted(files)), folder, versions, before, tuple(changed))


def remove_kserve(name: str, target: Path) -> KserveResult:
    """Remove the files of the model ``name``; raises ``UsageError`` if it isn't there."""
    known = known_versions(target)
    folder = next((one for one, versions in known.items() if versions.model == name), None)
    if folder is None:
        models = ", ".join(sorted(one.model for one in known.values())) or "none"
        raise UsageError(
            f"{target}: expected one of the models {models}, got {name!r}",
            "name a model of this folder",
        )
    removed = known.pop(folder)
    changed = _write(target, {}, known, folder)
    remaining = generated_folder.read_generated(target).files
    return KserveResult(tuple(sorted(remaining)), folder, removed, removed, tuple(changed))


def known_versions(target: Path) -> dict[str, PredictorVersions]:
    """Folder of a model → its versions; raises ``UsageError`` as ``check_target``."""
    check_target(target, KSERVE)
    notes = generated_folder.read_generated(target).notes.get(MODELS, {})
    return {folder: PredictorVersions.of(one) for folder, one in notes.items()}


def _write(
    target: Path, files: dict[str, str], models: dict[str, PredictorVersions], folder: str
) -> list[str]:
    """Write the files of ``folder``; those of other models stay."""
    before = generated_folder.read_generated(target).files
    others = [path for path in before if not path.startswith(f"{folder}/")]
    notes = {name: one.notes for name, one in sorted(models.items())}
    return generated_folder.write(target, files, {TARGET: KSERVE, MODELS: notes}, others)
