"""A solution as a model: its flow calls the members, and its answers are the solution's."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Mapping, Sequence

import numpy as np

from modelhost.errors import PackageError
from modelhost.objects.adapter import Inputs, ProbabilityAdapter
from modelhost.pickles.before_load import pickles_allowed
from modelhost.predictions import Predictions, Scalar
from modelhost.project_code import find_object
from modelhost.solution.absent_rows import absent_indices
from modelhost.solution.answers import Answers
from modelhost.solution.inline_member import InlineMember
from modelhost.solution.member_process import MemberProcess
from modelhost.solution.member_urls import MemberUrl, urls_of
from modelhost.solution.members import Members, Runner
from modelhost.solution.prediction_bins import PredictionBins
from modelhost.solution.remote_member import RemoteMember
from modelhost.solution.spec import INLINE, MemberSpec, SolutionSpec, member_folder
from modelhost.solution.time_split import split_times
from modelhost.solution.usage import CallUsage, MemberCall, MemberUsage


class Flow:
    """The flow of a solution, with ``predict`` as a model has it."""

    def __init__(
        self, run: Any, members: Members, usage: CallUsage, solution: SolutionSpec
    ) -> None:
        """``run(rows, members)`` returns an answer for each row."""
        self._run = run
        self._usage = usage
        self._absent: dict[str, list[int]] = {}
        self.members = members
        self.solution = solution

    def predict(self, rows: Any) -> Any:
        """The answers to ``rows``."""
        answers = self.run(rows)
        return answers.predictions if isinstance(answers, Answers) else answers

    def run(self, rows: Any) -> Any:
        """The flow's result for ``rows``."""
        began = time.perf_counter()
        try:
            return self._run(rows, self.members)
        finally:
            self._usage.add_run(time.perf_counter() - began)
            self._absent = absent_indices(self._usage.take_absent(), rows)

    def with_absent(self, predictions: Predictions) -> Predictions:
        """``predictions`` of the last run, with the rows for which a member gave no answer."""
        absent, self._absent = self._absent, {}
        return replace(predictions, absent=absent) if absent else predictions

    def take_calls(self) -> list[MemberCall]:
        """The calls of members since this was last called."""
        return self._usage.take()

    def take_times(self) -> dict[str, Any]:
        """``members``: member → its ``MemberTimes``, and ``flow``: the flow's own seconds.

        Of the calls that are not taken yet, and the runs since this was last called.
        """
        members, flow = split_times(self._usage.calls, self._usage.take_seconds())
        return {"members": members, "flow": flow}

    def take_sums(self) -> dict[str, MemberUsage]:
        """Member → its calls since they were last taken, added up."""
        return self._usage.take_sums()

    def count_predictions(self, bins: Mapping[str, PredictionBins]) -> None:
        """Count the answers of these members by these bins."""
        self._usage.bins = bins

    @property
    def states(self) -> dict[str, str]:
        """Member → ``ready``, or why it is not."""
        return {name: self.members[name].state for name in self.members}


def with_absent(native: Any, predictions: Predictions) -> Predictions:
    """As ``Flow.with_absent``, of a model that may be no flow."""
    return native.with_absent(predictions) if isinstance(native, Flow) else predictions


class ClassifierFlow(Flow, ProbabilityAdapter):
    """A flow that gives probabilities of the labels that ``[serve] classes`` declares."""

    def __init__(
        self,
        run: Any,
        members: Members,
        usage: CallUsage,
        solution: SolutionSpec,
        classes: Sequence[Scalar],
    ) -> None:
        Flow.__init__(self, run, members, usage, solution)
        ProbabilityAdapter.__init__(self, self, run, Inputs(), classes)

    def predict(self, rows: Any) -> Any:
        """One label per row."""
        return self.label_and_probabilities(rows)[0]

    def label_and_probabilities(self, rows: Any) -> tuple[Any, Any]:
        """Labels, and probabilities of shape (rows, classes), from one run of the flow.

        The flow returns answers of a member, a pair of both, or probabilities alone.
        """
        answers = self.run(rows)
        if isinstance(answers, Answers):
            return answers.member_predictions.labels, self._ordered(answers)
        if isinstance(answers, tuple) and len(answers) == 2:
            return answers
        chances = np.asarray(answers)
        if chances.ndim and len(chances) != len(rows):
            raise PackageError(
                f"the flow: expected an answer to each of {len(rows)} rows, got {len(chances)}",
                "return one for each row, in their order",
            )
        if chances.ndim != 2 or chances.shape[1] != len(self.classes_):
            raise PackageError(
                f"the flow: expected probabilities of the {len(self.classes_)} classes that"
                f" [serve] declares, or the answers of a member, got shape {chances.shape}",
                "return (labels, probabilities), or leave [serve] classes out",
            )
        return [self.classes_[index] for index in chances.argmax(axis=1).tolist()], chances

    def _ordered(self, answers: Answers) -> Any:
        """A member's probabilities, in the order of ``classes_``."""
        return np.column_stack([answers.probability(label) for label in self.classes_])


def load_flow(path: Path, classes: Sequence[Scalar] | None) -> Flow:
    """The solution in the folder ``path``; returns when all members are ready.

    Raises ``PackageError``.
    """
    try:
        solution = SolutionSpec.load(path)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PackageError(
            f"{path}: expected a solution, got {type(error).__name__}: {error}",
            "build the package again",
        ) from error
    _, run = find_object(solution.flow, "[package] flow")
    usage = CallUsage()
    members = _start_members(
        solution.members,
        lambda name: member_folder(path, name),
        _load_member,
        usage,
        urls_of(os.environ),
    )
    if classes is None:
        return Flow(run, members, usage, solution)
    return ClassifierFlow(run, members, usage, solution, classes)


def _start_members(
    specs: Sequence[MemberSpec],
    folder: Callable[[str], Path],
    load: Callable[[MemberSpec, Path], Any],
    usage: CallUsage,
    urls: Mapping[str, MemberUrl],
) -> Members:
    """Load inline members and start the processes of the others, at the same time.

    ``urls``: member → its server, if it runs elsewhere. Raises ``PackageError`` for one that can't
    be loaded or asked; the processes are ended then.
    """
    runners: dict[str, Runner] = {}
    try:
        for spec in specs:
            if spec.name in urls:
                url = urls[spec.name]
                runners[spec.name] = RemoteMember(spec, folder(spec.name), url)
            elif spec.process != INLINE:
                runners[spec.name] = MemberProcess(spec, folder(spec.name))
        for spec in specs:
            if spec.name not in runners:
                runners[spec.name] = InlineMember(spec, folder(spec.name), load)
        for runner in runners.values():
            if not isinstance(runner, InlineMember):
                runner.wait_until_ready()
    except BaseException:
        for runner in runners.values():
            runner.close()
        raise
    return Members(specs, runners, usage)


def _load_member(spec: MemberSpec, folder: Path) -> Any:
    from modelhost.model import load_model  # which imports this module to load a solution

    task: Any = spec.task
    with pickles_allowed(spec.pickle_allow):
        model = load_model(
            spec.path(folder), spec.predictor, spec.loader, task, spec.outputs, spec.classes
        )
    return replace(model, takes=spec.takes)
