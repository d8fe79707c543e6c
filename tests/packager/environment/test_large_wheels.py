"""A build names the wheels that make its image large before it downloads them."""

from __future__ import annotations

from pathlib import Path

import pytest
from host_samples import RecordedProgress, locked, make_wheel

from packager.environment import large_wheels
from packager.environment.large_wheels import are_sizes_known, warn_of_large_wheels
from packager.environment.pylock import ResolvedWheel
from packager.environment.wheels import wheel_path
from packager.manifest.manifest import Wheel

pytestmark = pytest.mark.usefixtures("cache")

# What an index said of torch 2.15.0 for Linux on x86-64 (bytes of files).
TORCH = {
    "torch": 539_136_850,
    "nvidia-cudnn-cu13": 519_150_073,
    "nvidia-cublas": 404_870_805,
    "triton": 285_777_556,
    "nvidia-cusolver": 227_913_465,
    "nvidia-cufft": 218_258_101,
    "numpy": 16_000_000,
}


def offered(sizes: dict[str, int | None]) -> list[ResolvedWheel]:
    return [
        ResolvedWheel(
            Wheel(
                name=name,
                version="1.0",
                filename=f"{name.replace('-', '_')}-1.0-py3-none-any.whl",
                sha256=f"{number:064x}",
                groups=("model",),
            ),
            "https://127.0.0.1/w.whl",
            size,
        )
        for number, (name, size) in enumerate(sizes.items())
    ]


def told(sizes: dict[str, int | None], torch: str | None = None) -> list[str]:
    heard, found = RecordedProgress(), offered(sizes)
    warn_of_large_wheels([item.wheel for item in found], found, torch, heard)
    return heard.warnings


def test_pytorch_with_cuda_is_named_with_the_way_out() -> None:
    assert told(TORCH) == [
        "the wheels unpack to about 4.4 GB in the image: torch 1.1 GB, nvidia-cudnn-cu13 1.0 GB, "
        "nvidia-cublas 809.7 MB, triton 571.6 MB, nvidia-cusolver 455.8 MB and 2 more; "
        '3.3 GB of it is for graphics cards: write torch = "cpu" under [requirements] in '
        "package.toml, which takes PyTorch's wheels without CUDA"
    ]


def test_a_choice_of_cuda_is_what_makes_it_large() -> None:
    (warning,) = told(TORCH, "cu128")
    assert warning.endswith(
        'for graphics cards: they are those of torch = "cu128" in package.toml; "cpu" has none'
    )


@pytest.mark.parametrize(
    ("sizes", "way"),
    [
        ({"xgboost": 300 << 20, "nvidia-nccl-cu12": 900 << 20}, "require xgboost-cpu in place"),
        ({"tensorflow": 1 << 30}, "GB; require tensorflow-cpu in place of tensorflow"),
        ({"onnxruntime-gpu": 1 << 30}, "require onnxruntime in place of onnxruntime-gpu"),
        ({"weights": 1 << 31}, "weights 4.3 GB; leave out what the model does not need"),
    ],
)
def test_other_libraries_have_their_way_out(sizes: dict[str, int | None], way: str) -> None:
    (warning,) = told(sizes)
    assert way in warning


@pytest.mark.parametrize("sizes", [{}, {"pandas": 12 << 20}, {"torch": 180 << 20}, {"a": None}])
def test_smaller_ones_are_not_named(sizes: dict[str, int | None]) -> None:
    assert told(sizes) == []


def test_a_wheel_in_a_folder_has_its_size_and_an_index_of_html_tells_none(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "alpha", {"alpha.py": ""})
    local = ResolvedWheel(locked(wheel), wheel.as_uri())
    (unknown,) = offered({"alpha": None})
    assert are_sizes_known([local, *offered(TORCH)])
    assert not are_sizes_known([local, unknown])


def test_the_size_of_a_wheel_at_hand_is_its_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(large_wheels, "LARGE_BYTES", 100_000)
    wheel = locked(make_wheel(tmp_path, "alpha", {"alpha.py": "#" * 150_000}))
    place = wheel_path(wheel)
    place.parent.mkdir(parents=True)
    place.write_bytes((tmp_path / wheel.filename).read_bytes())
    heard = RecordedProgress()
    warn_of_large_wheels([wheel], [], None, heard)
    assert heard.warnings == [
        "the wheels unpack to 150.4 kB in the image: alpha 150.4 kB; leave out what the model does "
        "not need"
    ]
