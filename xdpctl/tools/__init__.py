"""Effects: each module knows one program of the system. `proc` alone starts processes."""
