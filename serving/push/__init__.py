"""Pushes the counters of a server to a receiver of OTLP, where nothing can scrape them."""
