"""The parts of the drill, one concept each."""
