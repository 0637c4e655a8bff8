"""Types as C declares them."""

import pytest

from xdpctl.core.btf.c_declaration import declared
from xdpctl.core.btf.notation import as_types
from xdpctl.core.btf.types import BtfType, Member, Types, Variable


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("u32", "u32"),
        ("be16", "__be16"),
        ("verdict", "xdp_action_t"),
        ("char[16]", "char[16]"),
        ("u16[2][3]", "u16[2][3]"),
        ("mac", "struct mac {\n    unsigned char octets[6];\n}"),
        (
            "{a:u32,in:{b:u8,c:ip_addr},d:s64[2]}",
            "struct {\n    u32 a;\n    struct {\n        unsigned char b;\n        struct ip_addr c;\n"
            "    } in;\n    s64 d[2];\n}",
        ),
    ],
)
def test_a_type(words: str, text: str) -> None:
    everything, ends = as_types(f"key:u32 value:{words}")
    assert declared(Types(everything.types), ends.types[1].id) == text


def test_what_only_c_has() -> None:
    types = Types(
        (
            BtfType(1, "INT", "int", 4),
            BtfType(2, "STRUCT", "s", 16, members=(Member("low", 1, 0, 3), Member("next", 3, 64))),
            BtfType(3, "PTR", type_id=2),
            BtfType(4, "TYPEDEF", "t", type_id=5),
            BtfType(5, "UNION", "(anon)", 4, members=(Member("i", 1), Member("(anon)", 6))),
            BtfType(6, "STRUCT", "(anon)", 4, members=(Member("e", 7),)),
            BtfType(7, "ENUM", "xdp_action", 4),
            BtfType(8, "VAR", "limit", type_id=9),
            BtfType(9, "CONST", type_id=1),
            BtfType(10, "DATASEC", ".data", 4, vars=(Variable(8, 0, 4),)),
        )
    )
    assert declared(types, 2) == "struct s {\n    int low : 3;\n    struct s *next;\n}"
    inner = "    struct {\n        enum xdp_action e;\n    };"
    assert declared(types, 4) == f"t, which is union {{\n    int i;\n{inner}\n}}"
    assert declared(types, 10) == "int limit;"
    assert declared(types, 0) == ""
