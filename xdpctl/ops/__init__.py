"""One use case per file: fetch, compute, execute. Nothing here prints or exits."""
