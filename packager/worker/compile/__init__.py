"""The compiled form of a model: what it is, how it computes, how it is made and judged."""
