"""Pages with the panels of the dashboards, for people without Grafana."""
