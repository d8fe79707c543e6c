"""The worker: trains, checks and replays inside the locked environment."""
