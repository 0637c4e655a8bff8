"""Describe an XDP packet counter in a few lines, run it in the kernel, read its numbers."""

__version__ = "0.1.0"
