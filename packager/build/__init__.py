"""From a project to images: the pipeline of a build and its steps."""
