"""Labelling: which rows to label, labels that come back, agreement of annotators, schemes."""
