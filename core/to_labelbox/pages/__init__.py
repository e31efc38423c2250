"""Pages in HTML for people who look rather than read: one file each, no address of another, no script but its own."""
