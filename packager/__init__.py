"""Build, run and check self-contained images of models; ``package`` is the command."""
