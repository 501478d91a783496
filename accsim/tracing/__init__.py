"""From a model shape and a way of decoding to an operator trace, and that trace as a file."""
