"""Folders of texts: listing, label folders, descriptors."""
