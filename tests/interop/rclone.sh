#!/bin/sh
# Plays rclone, unmodified, against a running emulator, and stops at the first difference.
#
# Usage: [RCLONE=PROGRAM] rclone.sh TOKEN_FILE WORK_DIR
# Run it with the environment that `syft-emulator env` prints.
set -eu

token_file=$1
work=$2
mkdir -p "$work"

# An expiry in the past makes rclone refresh its token first. The token file names no secret
# of a real account: it was made by the emulator.
config=$work/rclone.conf
python3 - "$token_file" >"$config" <<'PYTHON'
import json, sys
token = json.load(open(sys.argv[1], encoding="utf-8"))
ours = {
    "access_token": "stale",
    "token_type": "Bearer",
    "refresh_token": token["refresh_token"],
    "expiry": "2020-01-01T00:00:00Z",
}
print("[drive]\ntype = drive\nscope = drive")
print("client_id = " + token["client_id"])
print("client_secret = " + token["client_secret"])
print("token = " + json.dumps(ours))
PYTHON
chmod 600 "$config"

drive() {
    "${RCLONE:-rclone}" --ca-cert "$SSL_CERT_FILE" --config "$config" --drive-pacer-min-sleep 1ms \
        --drive-pacer-burst 1000 --retries 1 --low-level-retries 1 "$@"
}

expect() {
    if [ "$2" != "$3" ]; then
        echo "$1: expected '$2', found '$3'" >&2
        exit 1
    fi
    echo "ok: $1"
}

source=$work/source
rm -rf "$source" "$work/back"
mkdir -p "$source/deep/er" "$source/empty"
printf 'plain\n' >"$source/plain.txt"
printf 'quoted\n' >"$source/it's \"quoted\" \\ here.txt"
printf 'unicode\n' >"$source/deep/żółć 数据 🙂.txt"
: >"$source/deep/er/nothing"
i=0
while [ "$i" -lt 40 ]; do
    printf 'file %s\n' "$i" >"$source/deep/f$i.txt"
    i=$((i + 1))
done
head -c 20000000 /dev/urandom >"$source/large.bin"

drive copy "$source" drive:base
drive check "$source" drive:base
expect "copy and check" 45 "$(drive lsf -R --files-only drive:base | wc -l | tr -d ' ')"

expect "md5sum" "$(md5sum <"$source/large.bin" | cut -d' ' -f1)" \
    "$(drive md5sum drive:base/large.bin | cut -d' ' -f1)"

printf 'changed\n' >"$source/plain.txt"
head -c 12000000 /dev/urandom >"$source/large.bin"
rm "$source/deep/f7.txt"
drive sync "$source" drive:base
drive check "$source" drive:base
expect "sync of a large file" "$(md5sum <"$source/large.bin" | cut -d' ' -f1)" \
    "$(drive md5sum drive:base/large.bin | cut -d' ' -f1)"
expect "sync" changed "$(drive cat drive:base/plain.txt)"

drive moveto drive:base/deep/f8.txt "drive:base/moved/it's f8.txt"
expect "moveto" "file 8" "$(drive cat "drive:base/moved/it's f8.txt")"

drive copy drive:base "$work/back"
drive check "$work/back" drive:base
expect "copy back" "$(md5sum <"$source/large.bin")" "$(md5sum <"$work/back/large.bin")"
expect "range" "$(tail -c +101 "$source/large.bin" | head -c 50 | md5sum)" \
    "$(drive cat --offset 100 --count 50 drive:base/large.bin | md5sum)"

drive copyto drive:base/plain.txt drive:base/copied.txt
expect "copy on the server" changed "$(drive cat drive:base/copied.txt)"

printf 'from a pipe\n' | drive rcat drive:base/piped.txt
expect "rcat" "from a pipe" "$(drive cat drive:base/piped.txt)"

case $(drive link drive:base/piped.txt) in
    https://drive.google.com/*id=*) echo "ok: link" ;;
    *) echo "link: no address came back" >&2 && exit 1 ;;
esac

drive deletefile drive:base/piped.txt
drive purge drive:base
expect "purge" "" "$(drive lsf drive:)"
drive cleanup drive:
echo "ok: cleanup"
