"""The worker: trains, checks, replays and predicts inside the locked environment."""
