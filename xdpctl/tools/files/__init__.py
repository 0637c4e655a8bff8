"""Files that users name: specs, C, objects, captures.

Nothing of the kernel.
"""
