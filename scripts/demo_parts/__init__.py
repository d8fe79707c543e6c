"""The parts of the demo, one concept each."""
