"""Runs in a model's own environment: loads, trains, saves and calls the project's model.

It needs Python 3.8 or later, the standard library and NumPy 1.22 or later; pandas 1.3 or later
where the model takes data frames. It imports no other package of this product, so that a model's
environment holds nothing that could conflict with the project's requirements. The product talks to
it over a socket (:mod:`modelhost.wire`).
"""
