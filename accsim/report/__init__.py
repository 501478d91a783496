"""What a person or a script reads: the terminal report and the JSON text of a result."""
