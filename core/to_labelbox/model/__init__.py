"""Types that every reader fills, and every coordinate convention, stated once."""
