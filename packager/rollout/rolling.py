"""The phases of an update: from the start of the new version to the end of the earlier one.

Until the earlier version is stopped, whatever goes wrong moves the traffic back to it, removes the
new one, and restores the files.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from packager.deploy.fleet import Fleet, UpdateCandidate
from packager.deploy.folder_target import COMPOSE, target_fleet
from packager.deploy.generated_folder import read_generated
from packager.deploy.monitoring import replica_mib
from packager.deploy.parts import PROMETHEUS
from packager.engine.engine import Engine
from packager.image.reference import Reference
from packager.progress import Progress
from packager.rollout import journal as journals
from packager.rollout.canary import NAME as CANARY
from packager.rollout.canary import watch_canary
from packager.rollout.canary_labels import NAME as LABELS
from packager.rollout.canary_labels import Counts, judge_labels, known_labels, read_labels
from packager.rollout.compose_command import ComposeCommand
from packager.rollout.history import record_update
from packager.rollout.journal import BEFORE, FOLDER, UpdateJournal, UpdatePhase
from packager.rollout.proxy_control import SlotTraffic, traffic
from packager.rollout.request import UpdateRequest, UpdateResult
from packager.rollout.shadow import NAME as SHADOW
from packager.rollout.shadow import check_same_inputs, watch_shadow
from packager.rollout.slots import Slots
from packager.rollout.update_gate import metrics_key, run_update_gate
from packager.rollout.verdict import GateCheck, GateVerdict

PHASES: tuple[UpdatePhase, ...] = ("starting", "gate", "shadow", "canary", "moving", "finishing")


@dataclass
class RollingUpdate:
    """One update, from its journal."""

    slots: Slots
    journal: UpdateJournal
    request: UpdateRequest
    engine: Engine | None
    progress: Progress
    begun: float = field(default_factory=time.monotonic)

    @classmethod
    def of(
        cls, folder: Path, journal: UpdateJournal, engine: Engine | None, progress: Progress
    ) -> RollingUpdate:
        """The update of ``journal``; raises ``PackageError`` without Compose."""
        saved = folder / FOLDER / BEFORE
        fleet = (
            Fleet.of(read_generated(saved).notes)
            if saved.is_dir()
            else target_fleet(folder, COMPOSE)
        )
        compose = ComposeCommand.find(folder)
        slots = Slots(folder, fleet, fleet.members[journal.model], compose, progress)
        return cls(slots, journal, UpdateRequest.of(journal.options), engine, progress)

    def run(self, reference: Reference) -> UpdateResult:
        """Go through the phases from that of the journal."""
        gate: GateVerdict | None = None
        live: tuple[GateCheck, ...] = ()
        try:
            if self._before("moving"):
                self._start(reference)
                gate = self._gate(reference) if self._before("shadow") else None
                if gate is not None and not gate.passed:
                    return self._refused(gate, ())
                for phase in (self._shadow, self._canary):
                    live += phase(reference)
                    if live and not GateVerdict(live, self.request.accept_too_few).passed:
                        return self._refused(gate, live)
            if self._before("finishing"):
                self._move(reference)
            self._finish(reference)
        except BaseException:
            self._after_failure()
            raise
        result = self._result(gate, live, done=True)
        record_update(self.slots.folder, result, self.request)
        journals.end(self.slots.folder)
        return result

    def _before(self, phase: UpdatePhase) -> bool:
        return PHASES.index(self.journal.phase) < PHASES.index(phase)

    def _advance(self, phase: UpdatePhase) -> None:
        if PHASES.index(self.journal.phase) < PHASES.index(phase):
            self.journal = journals.advance(self.slots.folder, self.journal, phase)

    def _result(
        self, gate: GateVerdict | None, live: tuple[GateCheck, ...], *, done: bool
    ) -> UpdateResult:
        journal, seconds = self.journal, time.monotonic() - self.begun
        names = {one.name: one for one in live}
        return UpdateResult(
            *(journal.model, journal.before, journal.version, done, gate),
            canary=names.get(CANARY),
            labels=names.get(LABELS),
            shadow=names.get(SHADOW),
            seconds=seconds,
        )

    def _candidate(self, reference: Reference, share: float) -> None:
        memory, journal = replica_mib(reference.manifest), self.journal
        network = reference.manifest.serve.network or self.slots.one.network
        self.slots.write_candidate(
            UpdateCandidate(
                *(journal.version, journal.image, memory, network, share), self._shadowed
            )
        )

    def _start(self, reference: Reference) -> None:
        one = self.slots.one
        self.progress.step(
            f"starting {self.journal.version} in {one.idle}, {one.replicas} replicas"
        )
        self._candidate(reference, 0.0)
        self.slots.start(self.request.ready_seconds)

    def _gate(self, reference: Reference) -> GateVerdict | None:
        self._advance("gate")
        if self.request.no_gate:
            self.progress.warn(f"no gate: {self.request.no_gate}")
            return None
        slots = self.slots
        servers = slots.address(slots.one.slot), slots.address(slots.one.idle)
        key = metrics_key(self.request, slots.one, slots.folder)
        return run_update_gate(servers, reference, self.request, key, self.engine, self.progress)

    @property
    def _shadowed(self) -> bool:
        """Whether replicas with a shadow serve, or begin to."""
        return self.request.shadow and not self._before("shadow")

    def _shadow(self, reference: Reference) -> tuple[GateCheck, ...]:
        """The verdict on the rows of live requests; nothing without a shadow."""
        if not self.request.shadow or not self._before("canary"):
            return ()
        self._advance("shadow")
        slots, one = self.slots, self.slots.one
        key = metrics_key(self.request, one, slots.folder)
        check_same_inputs(slots.address(one.slot), slots.address(one.idle), key)
        self.progress.step(f"shadow: starting {one.replicas} replicas of {self.journal.before}")
        self._candidate(reference, 0.0)
        slots.start_shadow(self.request.ready_seconds)
        counted = partial(slots.shadow_counts, key)
        return (watch_shadow(counted, self.request.shadow_minutes, self.progress),)

    def _share(self, reference: Reference, share: float) -> None:
        """Move the traffic; the file has the same weights, for a restart of the proxy."""
        self._candidate(reference, share)
        one = self.slots.one
        moved = round(100 * share)
        self.slots.control.set_weights({one.slot: 100 - moved, one.idle: moved})

    def _canary(self, reference: Reference) -> tuple[GateCheck, ...]:
        """The verdicts on requests and on labels; nothing without a canary."""
        if not self.request.canary:
            return ()
        self._advance("canary")
        share, minutes = self.request.canary, self.request.canary_minutes
        before, labels = self.slots.control.servers(), self._labels()

        def counted() -> tuple[SlotTraffic, SlotTraffic]:
            now, one = self.slots.control.servers(), self.slots.one
            old, new = (traffic(now, s).since(traffic(before, s)) for s in (one.slot, one.idle))
            return old, new

        self._share(reference, share)
        self.progress.step(f"canary: {share:.1%} of the requests for {minutes:g} minutes")
        check = watch_canary(counted, minutes, self.request.rule)
        if check.outcome == "failed":
            return (check,)
        versions = self.journal.before, self.journal.version
        return (check, judge_labels(versions, labels, self._labels()))

    def _labels(self) -> Counts | None:
        """Labels of the model's versions so far; None if Prometheus can't say."""
        if PROMETHEUS not in self.slots.fleet.parts:
            return None
        read = partial(read_labels, self.slots.compose, self.journal.model)
        return known_labels(read, self.progress)

    def _move(self, reference: Reference) -> None:
        self._advance("moving")
        self.progress.step(f"moving all requests to {self.journal.version}")
        self._share(reference, 1.0)
        self.slots.drain(self.slots.one.slot)

    def _finish(self, reference: Reference) -> None:
        slots = self.slots
        self._advance("finishing")
        self.progress.step(f"stopping {self.journal.before}")
        slots.remove_serving()
        slots.write_updated(reference, self.journal.image)
        slots.reload_prometheus()

    def _refused(self, gate: GateVerdict | None, live: tuple[GateCheck, ...]) -> UpdateResult:
        self.progress.step(f"going back to {self.journal.before}")
        self.go_back()
        return self._result(gate, live, done=False)

    def _after_failure(self) -> None:
        """Go back if there is a way; else, or if that fails too, say how to end the update."""
        folder = self.slots.folder
        again = f"package deploy update --output {folder}"
        if journals.read_journal(folder) is None:
            return
        if self.journal.phase == "finishing":
            self.progress.warn(f"{self.journal.version} serves; to finish: {again} --resume")
            return
        self.progress.step(f"going back to {self.journal.before}")
        try:
            self.go_back()
        except BaseException:
            self.progress.warn(f"not everything is as it was; to go back: {again} --abort")
            raise

    def go_back(self) -> None:
        """The earlier version gets all requests, the new one is removed, the files are restored."""
        one, slots = self.slots.one, self.slots
        if not self._before("shadow"):
            slots.control.set_weights({one.slot: 100, one.idle: 0})
            slots.drain(one.idle)
        slots.remove_candidate(self.request.ready_seconds)
        journals.restore(slots.folder)
        slots.reload_prometheus()
        journals.end(slots.folder)
