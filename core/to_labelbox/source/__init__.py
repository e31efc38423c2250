"""Bytes of a source: folders, archives, huge JSON, hardened XML, picture headers."""
