"""Container images: layers, configuration, reading and writing."""
