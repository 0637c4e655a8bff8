"""What a machine has and lacks: facts in, findings with their remedies out.

Each check is a function of the facts; none looks for itself.
"""
