"""Solutions of several models: the flow, its members, and their processes."""
