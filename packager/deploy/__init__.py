"""Generated deployment files: compose, Prometheus, Alertmanager, Grafana."""
