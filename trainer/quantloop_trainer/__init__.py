"""quantloop's Python worker: it fits models in blocks, so that a pause or a kill changes no byte of the outcome."""
