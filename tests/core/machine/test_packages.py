"""Which command installs what, on each distribution."""

import pytest

from xdpctl.core.machine import packages

OS_RELEASE = {
    "debian": 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nID=debian\n',
    "ubuntu": 'NAME="Ubuntu"\nVERSION_ID="24.04"\nID=ubuntu\nID_LIKE=debian\n',
    "fedora": "NAME=Fedora Linux\nID=fedora\nVERSION_ID=42\n",
    "arch": 'NAME="Arch Linux"\nID=arch\nBUILD_ID=rolling\n',
    "alpine": 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.22.1\n',
}
NEW_UBUNTU = OS_RELEASE["ubuntu"].replace("24.04", "25.10")


@pytest.mark.parametrize("distribution", OS_RELEASE)
def test_family(distribution: str) -> None:
    assert packages.family(OS_RELEASE[distribution]) == distribution


@pytest.mark.parametrize(
    ("os_release", "expected"),
    [
        ('ID=linuxmint\nID_LIKE="ubuntu debian"\n', "ubuntu"),
        ('ID=elsewhere\nID_LIKE="debian ubuntu"\n', "ubuntu"),
        ('ID="rocky"\nID_LIKE="rhel centos fedora"\n', "fedora"),
        ("ID=raspbian\nID_LIKE=debian\n", "debian"),
        ("ID='manjaro'\nID_LIKE='arch'\n", "arch"),
        ("ID=nixos\n", None),
        ("", None),
        ("no lines of the kind\n", None),
    ],
)
def test_derivatives(os_release: str, expected: str | None) -> None:
    assert packages.family(os_release) == expected


@pytest.mark.parametrize(
    ("distribution", "program", "expected"),
    [
        ("debian", "bpftool", "install it: apt-get install bpftool"),
        ("ubuntu", "bpftool", "install it: apt-get install linux-tools-$(uname -r)"),
        ("fedora", "bpftool", "install it: dnf install bpftool"),
        ("arch", "bpftool", "install it: pacman -S bpf"),
        ("alpine", "bpftool", "install it: apk add bpftool"),
        ("debian", "ip", "install it: apt-get install iproute2"),
        ("fedora", "ip", "install it: dnf install iproute"),
        ("debian", "headers", "install it: apt-get install libbpf-dev linux-libc-dev"),
        ("ubuntu", "headers", "install it: apt-get install libbpf-dev linux-libc-dev"),
        ("fedora", "headers", "install it: dnf install libbpf-devel kernel-headers"),
        ("arch", "headers", "install it: pacman -S libbpf linux-api-headers"),
        ("alpine", "headers", "install it: apk add libbpf-dev linux-headers"),
        ("ubuntu", "ping", "install it: apt-get install iputils-ping"),
        ("alpine", "ping", "install it: apk add iputils"),
        ("debian", "kernel", "install it: apt-get install linux-image-$(dpkg --print-architecture)"),
        ("ubuntu", "kernel", "install it: apt-get install linux-generic-hwe-$(lsb_release -rs)"),
        ("fedora", "kernel", "install it: dnf install kernel"),
        ("arch", "kernel", "install it: pacman -S linux"),
        ("alpine", "kernel", "install it: apk add linux-lts"),
        ("debian", "llvm-objdump", "install it: apt-get install llvm"),
    ],
)
def test_install_hint(distribution: str, program: str, expected: str) -> None:
    assert packages.install_hint(program, OS_RELEASE[distribution]) == expected


@pytest.mark.parametrize(("program", "os_release"), [("clang", "ID=nixos\n"), ("frob", OS_RELEASE["debian"])])
def test_generic_words(program: str, os_release: str) -> None:
    """Where the distribution isn't known, or the program."""
    expected = f"install {program} with your distribution's package manager"
    assert packages.install_hint(program, os_release) == expected


def test_ubuntu_got_a_package_of_its_own_for_bpftool() -> None:
    assert packages.install_command("bpftool", NEW_UBUNTU) == "apt-get install bpftool"
    mint = 'ID=linuxmint\nID_LIKE="ubuntu debian"\nVERSION_ID="26"\n'
    assert packages.install_command("bpftool", mint) == "apt-get install linux-tools-$(uname -r)"


@pytest.mark.parametrize("kernel", ["6.8.0-31-generic", "6.8.0-1009-aws", "5.15.0-1053-azure-fde"])
def test_wrapper_on_a_kernel_of_ubuntu(kernel: str) -> None:
    remedy = packages.wrapper_remedy(OS_RELEASE["ubuntu"], kernel)
    assert remedy == "apt-get install linux-tools-$(uname -r)"


@pytest.mark.parametrize("kernel", ["6.18.44", "5.15.167.4-microsoft-standard-WSL2", "6.1.0-18-amd64+"])
def test_wrapper_on_another_kernel(kernel: str) -> None:
    """No linux-tools package has the name of that kernel: any other bpftool will do."""
    remedy = packages.wrapper_remedy(OS_RELEASE["ubuntu"], kernel)
    assert remedy is not None
    assert remedy.startswith("apt-get install linux-tools-generic && ln -sf ")
    assert packages.wrapper_remedy(NEW_UBUNTU, kernel) == "apt-get install bpftool"


def test_wrapper_elsewhere() -> None:
    assert packages.wrapper_remedy(OS_RELEASE["fedora"], "6.18.44") == "dnf install bpftool"
    assert packages.wrapper_remedy("", "6.18.44") is None
