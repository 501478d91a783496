"""Showing a trace in the Perfetto UI, which is served from this machine to this machine."""
