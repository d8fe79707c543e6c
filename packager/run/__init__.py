"""Run a package: serve, predict, benchmark, evaluate, replay."""
