"""The page at ``/try``: a form for one row, its prediction, and its true label."""
