"""Manifests for KServe: an InferenceService with a container of its own, and what monitors it."""
