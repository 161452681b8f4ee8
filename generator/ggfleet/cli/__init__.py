"""The command line: one file per verb, each with arguments in, one call and an exit code out."""
