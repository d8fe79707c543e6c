"""Functions and classes of a notebook or script as a module: what they need, and nothing else."""
