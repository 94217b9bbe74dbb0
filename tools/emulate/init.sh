#!/bin/busybox sh
# The first process of the emulated machine: runs the test binaries of /tests.list, then powers off.
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs tmpfs /tmp
ip link set lo up 2>/dev/null
. /environment

failed=
if ! grep -qw "$FLAG" /proc/cpuinfo; then
    echo "the emulated processor, or its kernel, has no $FLAG"
    failed=" all"
else
    set --
    while IFS= read -r argument; do
        [ -z "$argument" ] || set -- "$@" "$argument"
    done </arguments.list
    while read -r name; do
        echo "--- $name"
        # One processor: tests in turn, so that each line shows when its test ended.
        (cd /tmp && exec "/tests/$name" --test-threads=1 "$@" 2>&1) || {
            # Where a signal ended it.
            dmesg -c | grep " in $name"
            failed="$failed $name"
        }
    done </tests.list
fi
[ -n "$failed" ] || failed=" none"
echo "emulated tests ended, failed:$failed"
sleep 1
poweroff -f
