"""The build pipeline: from a project to tested images."""
