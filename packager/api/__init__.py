"""The Python interface, which ``packager`` exports; the command line is a thin layer beside it."""
