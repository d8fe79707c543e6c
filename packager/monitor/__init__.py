"""Metrics of running servers: read, summed, tested for drift; late labels sent."""
