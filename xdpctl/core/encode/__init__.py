"""What users write to the bytes of keys and values, as their types want them; and bytes back to such words.

The way into a map: btf reads, this writes.
"""
