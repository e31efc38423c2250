"""Tracks: rows, keyframes, interpolation."""
