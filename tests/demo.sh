#!/bin/sh
# A counter from its build to its end, on a pair of interfaces that exist only for this.
#
# Everything happens in namespaces of its own: the pair, bpffs, the files and the processes are gone
# when the first process in there ends, however it ends. The machine's interfaces are out of reach.
set -eu

checkout=$(cd "$(dirname "$0")/.." && pwd)
program=$checkout/.venv/bin/xdpctl
PATH=$checkout/.venv/bin:$PATH:/usr/sbin:/sbin
export PATH
export PYTHONDONTWRITEBYTECODE=1    # root's files would be in the way of the checkout's owner

lacks() {    # MESSAGE [LINE...]
    printf 'demo: %s\n' "$1" >&2
    shift
    for line; do [ -z "$line" ] || printf '  %s\n' "$line" >&2; done
    exit 3
}

may() {    # CAPABILITY's number: whether this process has it
    [ $((0x$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status) >> $1 & 1)) = 1 ]
}

why_refused() {
    if ! may 21; then
        echo "root has no CAP_SYS_ADMIN here, as in a container without --privileged"
    elif ! may 12; then
        echo "root has no CAP_NET_ADMIN here, as in a container without --privileged"
    elif ! grep -q '^Seccomp:.*0' /proc/self/status; then
        echo "a seccomp filter is on, as in a container without --privileged"
    fi
}

# --- outside: become root, check, enter the namespaces ---

outside() {
    [ -x "$program" ] || lacks ".venv/bin/xdpctl isn't there" "run: make setup"
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || lacks "this needs root, and there is no sudo" "run it as root: make demo"
        echo "The demo needs root: using sudo."
        sudo true || lacks "this needs root, and sudo refused" "run it as root: make demo"
        exec sudo "$checkout/tests/demo.sh"
    fi
    for name in clang bpftool ip ping unshare nsenter; do
        command -v "$name" >/dev/null || lacks "$name isn't installed" "run: make setup"
    done
    said=$(bpftool version 2>&1) || lacks "bpftool doesn't work: $said" "run: make setup"
    # Becomes the process that the others die with.
    set -- unshare --mount --net --pid --fork --kill-child --mount-proc
    said=$("$@" true 2>&1) || lacks "no namespaces can be made: $said" "$(why_refused)"
    exec "$@" "$checkout/tests/demo.sh" inside
}

# --- inside: the demo ---

heading() { printf '\n== %s\n' "$*"; }

show() {    # run a command, and show it
    printf '    %s\n' "$*"
    "$@"
}

xdpctl() {    # run it, with the external commands indented and before its own output
    printf '$ xdpctl %s\n' "$*"
    rm -f failed
    { "$program" --show-commands "$@" 2>&1 >result || echo $? >failed; } | sed 's/^/    /'
    cat result
    [ ! -e failed ] || return "$(cat failed)"
}

pings() {    # NUMBER of answers, each of which comes in at veth0
    printf '$ ping -q -i 0.2 -c %s 10.77.0.2\n' "$1"
    ping -q -i 0.2 -c "$1" 10.77.0.2 >result || { cat result; return 1; }
    grep transmitted result
}

broken() { printf 'demo: %s\n' "$1" >&2; exit 1; }

counted() {    # NUMBER that the map must hold
    [ "$("$program" dump pkt_cnt --csv | tail -n 1)" = "0,$1" ] || broken "expected a count of $1"
    echo "That is exact: $1."
}

no_ipv6() {    # its neighbour discovery would be counted too
    for setting in all default; do
        [ ! -e /proc/sys/net/ipv6/conf/$setting/disable_ipv6 ] ||
            echo 1 >/proc/sys/net/ipv6/conf/$setting/disable_ipv6
    done
}

own_files() {
    case $checkout/ in /run/*) own=/dev/shm ;; *) own=/run ;; esac
    mount -t tmpfs tmpfs "$own" && cd "$own"
    said=$(mount -t bpf bpf /sys/fs/bpf 2>&1) || lacks "bpffs can't be mounted: $said" "$(why_refused)"
    said=$(bpftool -n prog show 2>&1) || lacks "the kernel refuses BPF: $said" "$(why_refused)"
}

pair() {
    peer=$PWD/peer
    touch "$peer"
    unshare --net="$peer" "$checkout/tests/demo.sh" no_ipv6
    no_ipv6
    said=$(ip link add type veth 2>&1) ||
        lacks "no veth interfaces can be made: $said" "$(why_refused)" "a kernel module may be missing: veth"
    ip link del veth0
    there="nsenter --net=$peer"
    show ip link add veth0 address 02:00:00:00:00:01 type veth \
        peer name veth1 address 02:00:00:00:00:02 netns "$peer"
    show ip addr add 10.77.0.1/24 dev veth0
    show $there ip addr add 10.77.0.2/24 dev veth1
    show ip link set veth0 up
    show $there ip link set veth1 up
    # Or ARP would be counted too.
    show ip neigh add 10.77.0.2 lladdr 02:00:00:00:00:02 dev veth0
    show $there ip neigh add 10.77.0.1 lladdr 02:00:00:00:00:01 dev veth1
}

gone() {    # PROGRAM's id
    ! bpftool prog show id "$1" >/dev/null 2>&1 || broken "program $1 is still loaded"
    ! ip link show veth0 | grep xdp || broken "veth0 still has a program"
    [ ! -e /sys/fs/bpf/ebpf ] || broken "/sys/fs/bpf/ebpf is still there"
    echo "Program $1 is out of the kernel, veth0 is free, /sys/fs/bpf/ebpf is gone."
}

ended() {
    case $? in
        0) ;;
        130) printf '\ndemo: interrupted; nothing is left\n' >&2 ;;
        3) ;;
        *) printf '\ndemo: failed at: %s; nothing is left\n' "$step" >&2 ;;
    esac
}

inside() {
    step="the namespaces"
    trap ended EXIT
    trap 'exit 130' INT TERM HUP    # the first process of a namespace ignores what it doesn't handle
    own_files

    step="two interfaces"; heading "Two interfaces, in namespaces of their own"
    pair
    step="build"; heading "Generate and compile a counter"
    xdpctl build
    step="load"; heading "Load it, pin it"
    xdpctl load
    step="attach"; heading "Attach it"
    xdpctl attach veth0
    id=$(bpftool -j -n prog show pinned /sys/fs/bpf/ebpf/xdp_allow | sed 's/.*"id":\([0-9]*\).*/\1/')
    echo "Program $id now sees every packet that comes in at veth0."

    step="count"; heading "Count"
    pings 3
    xdpctl dump pkt_cnt
    counted 3
    heading "Count on"
    pings 5
    xdpctl dump pkt_cnt
    counted 8

    step="status"; heading "What runs where"
    xdpctl status
    step="detach"; heading "Detach it"
    xdpctl detach veth0
    step="unload"; heading "Unload it"
    xdpctl unload
    step="the end"; heading "Gone"
    gone "$id"
}

case ${1:-} in
    inside) inside ;;
    no_ipv6) no_ipv6 ;;
    *) outside ;;
esac
