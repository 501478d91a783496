"""Tests of what runs and keeps the points of a study."""
