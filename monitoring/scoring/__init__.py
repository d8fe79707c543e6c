"""How right an answer was, for each kind of output."""
