"""A folder that looks like the Perfetto UI, and a trace beside it that nobody asked for."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def ui(tmp_path: Path) -> Path:
    """``index.html``, a program in a folder of its version, and a module."""
    folder = tmp_path / "ui"
    (folder / "v1").mkdir(parents=True)
    (folder / "index.html").write_text("<html>")
    (folder / "v1" / "frontend_bundle.js").write_text("start()")
    (folder / "v1" / "a b.wasm").write_bytes(b"\0asm")
    (tmp_path / "secret.txt").write_text("secret")
    return folder
