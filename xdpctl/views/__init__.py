"""Model to text. No I/O, no colours that weren't asked for."""
