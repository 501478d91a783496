"""Being stopped from outside: by Ctrl-C or by SIGTERM."""

from __future__ import annotations

INTERRUPTED = 130
"""Exit code after Ctrl-C: 128 + SIGINT, as shells expect."""
TERMINATED = 143
"""Exit code after SIGTERM: 128 + SIGTERM."""


class Terminated(BaseException):
    """SIGTERM came; like `KeyboardInterrupt`, nothing on the way to `main` may swallow it."""
