"""Pure: text to C, JSON to objects, bytes to values. No I/O, no clock, no environment."""
