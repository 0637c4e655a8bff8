"""Types to readers of bytes: from the kernel's BTF, or from what a user tells.

Nothing here knows of maps and their elements.
"""
