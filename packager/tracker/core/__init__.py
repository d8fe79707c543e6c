"""Findings, issues, their states, priority and causes: pure functions, without clock or storage."""
