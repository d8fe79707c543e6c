"""Proves images for other platforms under emulation, where this machine has an emulator.

The model must answer as on the platform that trained it, and the compiled form as the model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from modelhost.columns import ColumnSpec
from packager.build.context import BuildContext
from packager.build.manifest import write_manifest
from packager.build.smoke_test import equal_answers
from packager.cache import atomic_file, cache_directory, touch
from packager.data.rows.request_rows import RowChecker
from packager.digest import sha256_bytes
from packager.errors import PackageError
from packager.image.config import Image
from packager.manifest.evaluation import Golden
from packager.manifest.manifest import Manifest, Schema
from packager.model.compiled.agreement import RowAnswer, answers_agree
from packager.model.compiled.form import read
from packager.model.compiled.model import FOLDER, needs_model
from packager.model.paths import Root
from packager.model.proof_rows import FILE as PROOF
from packager.model.proof_rows import ProofRows
from packager.runners.emulator import Emulated, emulated, find_emulator

Images = Mapping[str, tuple[Image, ...]]


def prove_elsewhere(
    context: BuildContext, manifest: Manifest, assembled: Callable[[Manifest], Images]
) -> tuple[Manifest, Images]:
    """The manifest with what is proved on other platforms, and the images of all.

    ``assembled`` makes them. A platform without an emulator, or whose answers differ, is not
    proved: its servers compare at their start.
    """
    images = assembled(manifest)
    proved = [one.platform for one in context.others if _proved(one, context, manifest, images)]
    if not proved:
        return manifest, images
    named = {
        name: one.model_copy(update={"proved_on": "emulation"}) if name in proved else one
        for name, one in manifest.platforms.items()
    }
    final = manifest.model_copy(update={"platforms": named})
    write_manifest(final, context)
    return final, assembled(final)


def _proved(
    other: BuildContext, context: BuildContext, manifest: Manifest, images: Images
) -> bool:
    progress, platform = context.progress, other.platform
    unproved = f"{platform} is not proved: a server of it compares the compiled form at its start"
    if find_emulator(platform) is None:
        progress.warn(f"no emulator for {platform} is here (Debian: qemu-user-static); {unproved}")
        return False
    image, base = images[platform][0], other.environment.base
    # Equal images give equal answers, so a proof holds for the image's digest.
    known = cache_directory("proofs") / sha256_bytes(image.config)
    if known.is_file() and not context.fresh:
        touch(known)
        return True
    assert base is not None
    environment = context.environment
    engine = environment.engine if environment.isolation == "container" else None
    progress.step(f"comparing answers of the image for {platform} under emulation")
    try:
        with emulated(image, base, (context.platform, engine), progress) as tree:
            told = compare(_Rows.of(context, manifest), manifest, tree)
    except PackageError as error:
        progress.warn(f"{error.message}; {unproved}")
        return False
    progress.step(f"{platform}: {told}")
    with atomic_file(known) as file:
        file.touch()
    return True
