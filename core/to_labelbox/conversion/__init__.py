"""One source from opening to publishing, in chunks."""
