"""The studies behind docs/attribution.md."""
