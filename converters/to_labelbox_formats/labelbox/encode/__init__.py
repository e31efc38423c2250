"""Items to payload lines."""
