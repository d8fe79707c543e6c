"""Jobs of a worker."""

from __future__ import annotations

from packager.manifest.manifest import Serve
from packager.manifest.outputs import Output
from packager.worker.job import Job

SERVE = Serve(predictor="auto", compile="off", workers=1, strict=False)


def job(target: str | None, *outputs: Output) -> Job:
    serve = SERVE.model_copy(update={"outputs": outputs})
    return Job(
        task="outputs" if outputs else "regression",
        serve=serve,
        slices_columns=(),
        slices_rules={},
        recipe="none",
        target=target,
    )


def test_targets_are_those_of_the_outputs_or_the_only_one():
    assert job("y").targets == ("y",)
    assert job(None).targets == ()
    outputs = [Output(name=n, kind="number", target=(f"{n}_y",)) for n in ("a", "b")]
    assert job(None, *outputs).targets == ("a_y", "b_y")
