"""``python -m accsim``."""

from accsim.cli.main import main

main()
