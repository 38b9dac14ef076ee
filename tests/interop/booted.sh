#!/bin/bash
# Boots a systemd over a copy of this machine's root and runs a script beside this one in it:
#   booted.sh PROGRAM SERVICE_FILES SCRIPT
# The copy is in memory, has no network but loopback, and is gone afterwards. Needs root.
set -euo pipefail
program=$(realpath "$1")
service_files=$(realpath "$2")
inside=$(realpath "$(dirname "$0")/$3")
common=$(realpath "$(dirname "$0")/booted_common.sh")
if [ -z "${BOOTED_ALONE:-}" ]; then
    BOOTED_ALONE=1 exec unshare --mount --propagation private "$0" "$@"
fi

place=$(mktemp -d)
trap 'umount -R "$place" 2>/dev/null; rmdir "$place"' EXIT
mount -t tmpfs tmpfs "$place"
mkdir "$place"/{upper,work,root}
root=$place/root
mount -t overlay overlay -o "lowerdir=/,upperdir=$place/upper,workdir=$place/work" "$root"

rm -f "$root/etc/machine-id" "$root"/etc/systemd/system/*.wants/*
install -m 755 "$program" "$root/usr/local/bin/"
rm -rf "$root/srv/service"
cp -r "$service_files" "$root/srv/service"
install -m 755 "$inside" "$root/srv/inside.sh"
install -m 755 "$common" "$root/srv/common.sh"
cat > "$root/etc/systemd/system/inside.service" <<'UNIT'
[Unit]
Wants=dbus.service systemd-logind.service
After=basic.target dbus.service systemd-logind.service
SuccessAction=exit-force
FailureAction=exit-force
[Service]
Type=oneshot
ExecStart=/bin/bash /srv/inside.sh
TimeoutStartSec=180
StandardOutput=file:/srv/out
StandardError=file:/srv/out
UNIT
cat > "$root/etc/systemd/system/inside.target" <<'UNIT'
[Unit]
Requires=basic.target inside.service
After=basic.target
AllowIsolate=yes
UNIT
timeout --kill-after=5 200 systemd-nspawn --quiet --directory="$root" --register=no --keep-unit \
    --private-network --console=pipe /lib/systemd/systemd --unit=inside.target \
    </dev/null >"$place/console" 2>&1 || true
cat "$root/srv/out" || cat "$place/console"
