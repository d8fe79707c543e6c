"""Probes in a message."""

from __future__ import annotations

import json

from modelhost.compiling.probe import Probe, ProbeInput

NULL, LOW, KEY = ProbeInput(0, "null", None), ProbeInput(0, "low", -5), ProbeInput(1, "key", "ü")
PROBE = Probe((), None, {LOW: (0, 1), KEY: (2, 3)}, frozenset([NULL]))


def test_probes_go_through_json_unchanged():
    made = Probe.read((), None, json.loads(json.dumps(PROBE.as_json())))
    assert made == PROBE
    assert list(made.indices) == [LOW, KEY]


def test_a_probe_tells_what_the_model_predicted():
    assert PROBE.of(1, "key") == [KEY]
    assert (PROBE.bound(0, "low"), PROBE.bound(0, "high")) == (-5.0, None)
    assert not PROBE.nulls(0)


def test_a_value_keeps_its_type():
    values = [True, 1, 1.0, "1", 2**70]
    asked = [ProbeInput(place, "key", value) for place, value in enumerate(values)]
    told = Probe((), None, dict.fromkeys(asked, (0,)), frozenset()).as_json()
    made = Probe.read((), None, json.loads(json.dumps(told)))
    assert [repr(one.value) for one in made.indices] == [repr(value) for value in values]
