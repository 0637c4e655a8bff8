"""Questions to entries: rows of columns, conditions, order, totals.

Entries come by many at a time, and may be endless.
"""
