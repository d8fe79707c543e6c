"""Restrictions and pinned environment of a training process."""
