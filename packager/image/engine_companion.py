"""A companion that is named in an engine stands for its image, if the engine has it."""

from __future__ import annotations

from typing import Any

from packager.engine.engine import Engine
from packager.errors import PackageError
from packager.image.config import LABEL
from packager.image.engine_copy import engine_config
from packager.image.stored_images import COMPANION, check_label


def package_in_engine(engine: Engine, text: str) -> tuple[str, str, dict[str, Any]]:
    """The image to read, the package's name, and the config of the image, of what ``text`` names.

    Both images are one package, whose signatures and settings are those of its image. A companion
    without its image is read itself. Raises ``PackageError`` for the companion of another package.
    """
    config = engine_config(engine, text)
    check_label(text, labels(config))
    main_root = labels(config).get(f"{LABEL}.companion-of")
    main = text if main_root is None else text.removesuffix(COMPANION)
    if main == text or engine.describe(main) is None:
        return text, main, config
    of_main = engine_config(engine, main)
    root = labels(of_main).get(f"{LABEL}.root")
    if main_root != root:
        raise PackageError(
            f"{text}: expected the companion of {main}, root {root}, got that of root {main_root}",
            f"name {main} if it is what you mean; else build or load both again",
        )
    return main, main, of_main


def labels(config: dict[str, Any]) -> dict[str, str]:
    """The labels of an image's config."""
    return config["config"].get("Labels") or {}


def is_companion(config: dict[str, Any]) -> bool:
    """Whether an image is the companion of another one."""
    return f"{LABEL}.companion-of" in labels(config)
