"""From a timeline to answers: bounds, attribution, statistics of passes and runs."""
