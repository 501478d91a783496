"""Being stopped by SIGTERM."""

from __future__ import annotations


class Terminated(BaseException):
    """SIGTERM came; like `KeyboardInterrupt`, nothing on the way to `main` may swallow it."""
