"""``python -m packager``: the command ``package``."""

from packager.cli import main

main()
