"""``package bench``: latency, throughput and resource use of a package on this machine."""
