"""What keys and values are, and how one is shown; names of the numbers in packets.

Nothing here knows of maps, BTF or the machine.
"""
