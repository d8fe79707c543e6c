"""The issue tracker: one list of what is wrong with all models, in order of what matters.

``core/`` is pure: findings, the states of an issue, priority, causes. ``store/`` keeps issues in
SQLite or PostgreSQL. ``service/`` is the HTTP service. docs/issues.md explains them to users.
"""
