"""Plain manifests for Kubernetes: a kustomize base with overlays, without an operator."""
