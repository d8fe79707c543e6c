"""A packaged model: loaded, asked, checked. All that a server needs of it."""
