"""What the user decides: settings, class maps, an existing ontology, existing data rows."""
