"""A checked spec to the C of its program.

Templates come as texts: no files.
"""
