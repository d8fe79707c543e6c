"""Data that DVC tracks: a ``.dvc`` file, or an output of a stage, by its digest."""
