"""The files of an export: cut into pieces, decoded to tasks; which annotation of a task counts."""
