"""Sources of findings besides the verbs: Alertmanager, Prometheus, events of other tools."""
