"""The route for late labels, its settings and its stores."""
