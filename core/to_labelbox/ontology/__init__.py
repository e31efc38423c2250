"""The ontology that a set needs: inferred, merged, or fitted to one that exists."""
