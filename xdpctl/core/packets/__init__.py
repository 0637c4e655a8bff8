"""Packets to run a program on, and what came of it: verdicts, edits, changes of maps.

No program is run here.
"""
