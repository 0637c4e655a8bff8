"""Samples to figures: what a packet costs, how fast counters grow.

Time comes in as a number.
"""
