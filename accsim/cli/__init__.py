"""The command line. Results go to stdout, everything else to stderr.

Modules here import only click and light ones at the top, so that ``accsim --help`` is instant; what
a command needs is imported when it runs.
"""
