"""What the regions of a task say: values to geometries, masks, spans and answers, on the assets that they are on."""
