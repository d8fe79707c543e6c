"""The client of container registries: distribution-spec 1.1, with Docker's and Podman's logins."""
