"""What is on a machine, as its tools report it: programs, maps, devices, and why a tool refused.

Nothing here asks the machine.
"""
