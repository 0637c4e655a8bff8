"""Compiled BPF objects: what is in one, and whether it can be loaded; maps of old C in today's form.

Bytes and text in: no files, no kernel.
"""
