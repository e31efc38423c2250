"""CVAT's JSON: backups, tasks, jobs, Datumaro."""
