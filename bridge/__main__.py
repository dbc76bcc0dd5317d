"""`python -m bridge`: the command line, also where no script folder is on the path."""

from bridge.cli import main

main()
