"""What a map holds: bytes to entries, entries to changes, and what each type of map refuses.

Bytes and texts: no kernel.
"""
