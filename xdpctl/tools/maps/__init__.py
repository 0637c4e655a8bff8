"""Maps of the kernel: found by name, their types, what they hold, and writing to them.

What bytes mean is in core.
"""
