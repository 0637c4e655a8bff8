"""Look up, write and make maps, element by element.

MAP is a name, a path in bpffs, or id:NUMBER, as for `xdpctl dump`; but what is written (also by copy,
restore and pin) is found by its name in the pin directory alone, elsewhere by its path or id.
KEY and VALUE are in the words that
`xdpctl dump` shows: 10.0.0.1, drop, 443, packets=5 bytes=300. A key of several parts names them
(src_ip=10.0.0.1 dst_port=80) or is JSON in quotes; bytes are hex:0a000001. What begins with a dash
comes after a --, as in `xdpctl map set delta 0 -- -5`.

\b
Examples:
  xdpctl map set config icmp drop
  xdpctl map set pkt_cnt 0 packets=0 bytes=0
  xdpctl map get flows src_ip=10.0.0.1 dst_port=80
  xdpctl map clear pkt_cnt
"""

VERBS = {
    "list": "Show all maps of the kernel.",
    "show": "Show everything about one map.",
    "get": "Show one element.",
    "set": "Write an element, or many.",
    "delete": "Delete an element, or many.",
    "next": "Show the key after a key, or the first.",
    "keys": "Show all keys.",
    "clear": "Delete all elements, or make those of an array zero.",
    "copy": "Copy all elements of a map to another.",
    "create": "Make a map, and pin it.",
    "pin": "Pin a map, so that it stays and can be named.",
    "restore": "Fill a map with what was saved.",
}
ALSO = {
    "dump": "xdpctl.cli.dump",
    "lookup": "xdpctl.cli.map.get",
    "update": "xdpctl.cli.map.set",
    "getnext": "xdpctl.cli.map.next",
}
"""What bpftool calls them."""
