"""An operation that changes the machine, as data: steps, and what undoes each.

Nothing is run here.
"""
