"""The exposition as a request of OTLP, the protocol that OpenTelemetry's receivers take."""
