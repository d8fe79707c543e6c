"""An update on Docker Swarm: a candidate for the gate, then the Swarm's own rolling update."""
