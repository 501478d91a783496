"""Where the ``accsim`` command and ``python -m accsim`` start.

Ctrl-C is answered from here on, while the libraries are still being imported.
"""

from __future__ import annotations

import os
import signal


def _leave(_signal: int, _frame: object) -> None:
    os.write(2, b"interrupted\n")
    os._exit(130)


def main() -> None:
    """Run the command line and exit (see `accsim.cli.main.main`)."""
    signal.signal(signal.SIGINT, _leave)
    from accsim.cli.main import main as run

    # From now on there may be files to clean up: an exception does that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    run()


if __name__ == "__main__":
    main()
