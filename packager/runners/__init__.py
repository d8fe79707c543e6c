"""Run workers in a container or a process, for a project or a package."""
