"""What users write: TOML and options to a checked spec, or the line that is wrong.

No C, no files.
"""
