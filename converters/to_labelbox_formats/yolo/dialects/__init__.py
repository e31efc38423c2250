"""YOLO sets that are no folders of texts: Keras lists, NDJSON, class folders."""
