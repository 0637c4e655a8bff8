"""Why a counter doesn't move: the chain from a loaded program to a count, and its first broken link.

A snapshot of the machine comes in; nothing is asked.
"""
