"""Where a worker runs: container or process, on a project or a package."""
