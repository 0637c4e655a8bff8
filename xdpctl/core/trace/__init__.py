"""What programs print: lines of the kernel's trace log, and why there may be none.

No reading of files, no waiting.
"""
