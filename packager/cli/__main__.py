"""``python -m packager.cli``: the command ``package``."""

from packager.cli import main

main()
