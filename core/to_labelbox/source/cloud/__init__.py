"""Sources at addresses of the cloud."""
