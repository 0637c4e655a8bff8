"""Programs of the kernel: found by name, run on packets, how often they run, what they print with."""
