"""Where findings come from besides the verbs: Alertmanager, Prometheus, events of other tools."""
