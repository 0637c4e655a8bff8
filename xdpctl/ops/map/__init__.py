"""One use case of `xdpctl map` a file; parts that they share begin with an underscore."""
