"""Run the command line as `python -m ggfleet`."""

from ggfleet.cli.main import main

main()
