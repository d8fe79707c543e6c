"""Two stacks of layers: the layers to transfer, and the layers to load."""

from __future__ import annotations

from compared_packages import DATA, LAYERS, layer

from packager.compare.packages import compare_layers


def test_what_is_shipped_is_what_lacks_and_what_is_loaded_is_all_above_it():
    numpy = layer("numpy 1.1", "numpy 1.1", 200)
    after = (LAYERS[0], numpy, *LAYERS[2:])
    found = compare_layers(LAYERS, after)
    assert [entry.name for entry in found.equal] == ["base", "code", "package"]
    assert [entry.name for entry in found.only_before] == ["numpy 1.0"]
    assert [entry.name for entry in found.only_after] == ["numpy 1.1"]
    assert (found.common, found.to_ship, found.to_load) == (1, 200, 211)


def test_layers_in_another_order_differ_and_ship_nothing():
    found = compare_layers(LAYERS, LAYERS[::-1])
    assert not found.same
    assert (found.only_before, found.only_after, found.to_ship) == ((), (), 0)
    assert found.to_load == 1111


def test_a_layer_that_occurs_twice_counts_twice_and_ships_once():
    twice = (*LAYERS, DATA, DATA)
    found = compare_layers((*LAYERS, DATA), twice)
    assert found.only_after == (DATA,)
    assert (found.common, found.to_ship, found.to_load) == (5, 0, 10_000)
    assert compare_layers(LAYERS, twice).to_ship == 10_000
    assert not compare_layers(twice, (*LAYERS, DATA)).same
