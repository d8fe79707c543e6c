"""Keras archives."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from modelhost.loaders.contents import member_contents

LIBRARY = "keras"
BACKENDS = ("tensorflow", "torch", "jax")


def load(path: Path) -> tuple[Any, Any]:
    """The model, by the first installed backend unless ``KERAS_BACKEND`` names one."""
    backend = next((name for name in BACKENDS if find_spec(name) is not None), "numpy")
    os.environ.setdefault("KERAS_BACKEND", backend)
    import keras
    from keras.src.saving import saving_lib

    with path.open("rb") as file:  # by a path, its name would have to end in .keras
        model = saving_lib._load_model_from_fileobj(
            file, custom_objects=None, compile=False, safe_mode=True
        )
    assert isinstance(model, keras.Model)
    return model, member_contents(path)
