"""The command line: thin, and quick to start. It asks the facade `tillsight.shop.Shop` and prints what it answers.

Data goes to standard output, everything else to standard error. Exit codes: 0 done, 1 failed, 2 a wrong question, 130
stopped by Ctrl-C. Nothing heavy is imported before a command runs, so `tillsight --help` answers at once.
"""
