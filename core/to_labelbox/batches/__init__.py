"""Many sources with one ontology: found, planned, run, resumed, reported."""
