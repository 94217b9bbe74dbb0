#!/usr/bin/env bash
# Runs danqing-nn's tests on a processor that this machine is not: one with AVX-512, or with AMX, under the Bochs emulator
# with a Linux kernel. Slow: the emulator runs some ten million instructions a second.
# Usage: tools/emulate.sh avx512|amx [BINARY …] [-- ARGUMENT OF THE BINARIES …], from the repository root. A binary is `lib`
# for the unit tests, or a file of crates/danqing-nn/tests; without any, all run. One test of one of them:
#     tools/emulate.sh avx512 winograd -- the_error_is_bounded
# Debian's bochs 2.7 does for avx512, but takes gathers with indices in zmm16 and up for illegal, of which masked attention
# has two; so do sources of 2026-08, which know AMX. Those also need XFD (extended feature disable), which Linux asks for, and
# corrected saving of tiles. From the environment:
#     DANQING_BOCHS            the emulator's program; `bochs`
#     DANQING_BOCHS_DISPLAY    a display that it was built with and that needs no screen, rfb or nogui; rfb
#     DANQING_KERNEL           a Linux 5.16 or newer (bzImage); the one in target/emulate, else the newest in /boot
#     DANQING_EMULATE_LIMIT    seconds after which the emulator is stopped; 14400
#     CARGO_TARGET_DIR         where the tests are built; target/emulate/build
set -euo pipefail

tier=${1:-}
binaries=() arguments=()
while [ $# -gt 1 ] && [ "$2" != -- ]; do
    binaries+=("$2")
    shift
done
[ $# -lt 3 ] || arguments=("${@:3}")
bochs=${DANQING_BOCHS:-bochs}
display=${DANQING_BOCHS_DISPLAY:-rfb}
[ "$display" != rfb ] || display='rfb, options="timeout=0"'
limit_secs=${DANQING_EMULATE_LIMIT:-14400}
made=target/emulate
run=$made/$tier-$$ # several may run at a time
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$made/build}

# Features that Linux is to do without. 580 is fsrm: with it, Linux 6.1's memmove runs past its end under Bochs. 321 and 323
# are xsavec and xsaves, of which Bochs 2.7 names the wrong size, so that Linux gives up AVX-512; AMX needs them.
case $tier in
avx512) model=corei7_skylake_x flag=avx512f without=321,323,580 ;;
amx) model=sapphire_rapids flag=amx_tile without=580 ;;
*)
    echo "unknown tier ${tier:-(none)}, expected avx512 or amx" >&2
    exit 2
    ;;
esac

missing=0
need() { # need PROGRAM PACKAGE
    command -v "$1" >/dev/null 2>&1 && return
    echo "missing: $1 (Debian package $2)" >&2
    missing=1
}
need "$bochs" "bochs, or set DANQING_BOCHS"
need grub-mkrescue "grub-common"
need xorriso "xorriso"
need busybox "busybox-static"
need python3 "python3"
need objcopy "binutils"
[ -d /usr/lib/grub/i386-pc ] || {
    echo "missing: GRUB for the PC's BIOS (Debian package grub-pc-bin)" >&2
    missing=1
}
! command -v busybox >/dev/null || ! ldd "$(command -v busybox)" >/dev/null 2>&1 || {
    echo "missing: a busybox without shared libraries (Debian package busybox-static)" >&2
    missing=1
}
kernel=${DANQING_KERNEL:-$({ ls "$made"/kernel/boot/vmlinuz-* /boot/vmlinuz-* 2>/dev/null || true; } | sort --version-sort | tail --lines=1)}
[ -r "$kernel" ] || {
    echo "missing: a Linux kernel (apt-get download a linux-image-*-cloud-amd64, dpkg --extract FILE $made/kernel)" >&2
    missing=1
}
! command -v "$bochs" >/dev/null || [[ $("$bochs" --help cpu 2>&1) == *$'\n'$model$'\n'* ]] || {
    echo "missing: an emulator that knows $model, which $bochs does not; set DANQING_BOCHS" >&2
    missing=1
}
[ $missing = 0 ] || exit 1

# NAME<tab>PATH of each test binary.
built=$(cargo test --release --locked -p danqing-nn --no-run --message-format=json | python3 tools/emulate/binaries.py)
[ ${#binaries[@]} -gt 0 ] || mapfile -t binaries < <(cut --fields=1 <<<"$built")

emulator=
trap '[ -z "$emulator" ] || kill "$emulator" 2>/dev/null || true; rm -rf "$run"' EXIT
root=$run/root
mkdir -p "$root"/{bin,dev,proc,tests,tmp} "$run"/disc/boot/grub
cp "$(command -v busybox)" "$root/bin/busybox"
install --mode=755 tools/emulate/init.sh "$root/init"
for name in "${binaries[@]}"; do
    program=$(awk -F '\t' -v name="$name" '$1 == name { print $2 }' <<<"$built")
    [ -n "$program" ] || {
        echo "no test binary $name, expected one of:" $(cut --fields=1 <<<"$built") >&2
        exit 2
    }
    objcopy --strip-debug "$program" "$root/tests/$name"
    ldd "$program" | grep --only-matching '/[^ ]*' | while read -r library; do
        cp --dereference --parents "$library" "$root"
    done
done
printf '%s\n' "${binaries[@]}" >"$root/tests.list"
printf '%s\n' "${arguments[@]}" >"$root/arguments.list"
echo "export DANQING_CPU=$tier FLAG=$flag" >"$root/environment"
(cd "$root" && find . | busybox cpio -o -H newc 2>/dev/null) >"$run/disc/boot/initramfs"
cp "$kernel" "$run/disc/boot/linux"
cat >"$run/disc/boot/grub/grub.cfg" <<END
linux /boot/linux console=ttyS0 quiet mitigations=off clearcpuid=$without
initrd /boot/initramfs
boot
END
grub-mkrescue --directory=/usr/lib/grub/i386-pc --output="$run/disc.iso" "$run/disc" >"$run/iso.log" 2>&1 || {
    cat "$run/iso.log" >&2
    exit 1
}
sed -e "s|MODEL|$model|" -e "s|DISC|$run/disc.iso|" -e "s|SERIAL|$run/serial|" -e "s|LOG|$run/bochs.log|" \
    -e "s|DISPLAY|$display|" tools/emulate/bochsrc >"$run/bochsrc"

: >"$run/serial"
started=$(date +%s)
# Debian's bochs starts in its debugger, which reads what to do.
timeout "$limit_secs" "$bochs" -q -f "$run/bochsrc" <<<continue >"$run/bochs.out" 2>&1 &
emulator=$!
tail --pid=$emulator --sleep-interval=0.5 --lines=+1 --follow "$run/serial" | while IFS= read -r line; do
    secs=$(($(date +%s) - started))
    printf '%3d:%02d %s\n' $((secs / 60)) $((secs % 60)) "${line%$'\r'}"
    [[ $line != *"Kernel panic"* ]] || kill $emulator
done
wait $emulator || true
cp "$run/serial" "$made/$tier.txt"
result=$(tr --delete '\r' <"$run/serial" | sed --quiet 's/^emulated tests ended, failed: //p')
if [ -z "$result" ]; then
    tail --lines=20 "$run/bochs.out" "$run/bochs.log" >&2
    echo "the tests did not end: the emulator stopped, or $limit_secs seconds passed" >&2
    exit 1
fi
[ "$result" = none ] || {
    echo "failed: $result" >&2
    exit 1
}
