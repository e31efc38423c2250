"""What the source does not force, concluded from evidence or asked: sides, units, origin, ids, names."""
