"""`python -m tillsight` is the command line."""

from tillsight.cli.main import main

main()
