"""accsim: how fast a memory-bound accelerator decodes a language model, and what holds it back."""

__version__ = "0.1.0"
