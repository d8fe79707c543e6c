"""Server processes: start, supervise, replace."""
