"""All maps, and everything about one."""

import json

from . import maps
from .conftest import PIN, Lab

SHOWN = """\
flows  id {id}
  type         hash: finds values by keys of any kind
  key          8 bytes: struct flow_key {{
                   __be32 src_ip;
                   __be16 dst_port;
                   __u16 zone;
               }}
  value        16 bytes: struct counts {{
                   __u64 packets;
                   __u64 bytes;
               }}
  max entries  3
  flags        none
"""


def test_maps_as_they_are(lab: Lab) -> None:
    maps.load(lab)
    listed = {one["name"]: one for one in json.loads(lab.ok("map", "list", "--json"))["maps"]}
    flows = listed["flows"]
    assert (flows["type"], flows["key_size"], flows["value_size"], flows["max_entries"]) == ("hash", 8, 16, 3)
    assert flows["pinned"] == [f"{PIN}/flows"]
    assert [program["name"] for program in flows["programs"]] == ["xdp_maps"]
    assert (listed["policy"]["flags"], listed["maps.rodata"]["frozen"]) == (["no_prealloc"], True)
    [line] = [line for line in lab.ok("map", "list").splitlines() if f" {PIN}/flows" in line]
    assert line.split()[:7] == [str(flows["id"]), "flows", "hash", "8", "B", "16", "B"]
    shown = lab.ok("map", "show", "flows")
    assert shown.startswith(SHOWN.format(id=flows["id"]))
    assert shown.endswith(
        f"  used by      xdp_maps (id {flows['programs'][0]['id']})\n  pinned at    {PIN}/flows\n"
    )
    about = json.loads(lab.ok("map", "show", f"id:{flows['id']}", "--json"))["map"]
    assert {name: about[name] for name in flows} == flows
    assert about["value_type"] == "struct counts {\n    __u64 packets;\n    __u64 bytes;\n}"
    assert "yes: user space can't write to it" in lab.ok("map", "show", f"id:{listed['maps.rodata']['id']}")
    assert "no BTF" in lab.ok("map", "show", "queue")
