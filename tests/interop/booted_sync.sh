#!/bin/bash
# Runs as root where systemd is PID 1, and prints `ok WHAT` or `FAILED WHAT` for each thing that
# must hold, and `end` when it has come to the end.
WATCHED='sync-daemon'
. /srv/common.sh
unit=sync-daemon

config() { # FILE DESTINATION
    cat >"$1" <<TOML
[[sync_jobs]]
id = "documents"
source_path = "/srv/source"
destination_path = "$2"
enabled = true
[sync_jobs.schedule]
type = "interval"
interval = "1h"
[sync_jobs.sync_options]
preserve_ownership = ${3:-true}

[[file_watchers]]
id = "documents-watcher"
watch_path = "/srv/source"
sync_job_id = "documents"
enabled = true
recursive = true
debounce_ms = 100
watch_events = ["create", "write", "remove", "rename", "chmod"]
TOML
}
same() { [ "$(stat -c '%U %a %Y %s' "$1")" = "$(stat -c '%U %a %Y %s' "$2")" ] && cmp "$1" "$2"; }
ended_well() { is "$1" Result success; }
# Names that are final hold files that are whole, and nothing is left of the others.
whole() { # SOURCE DESTINATION
    [ -z "$(find "$2" -name '.syft-tmp.*')" ] || { find "$2" -name '.syft-tmp.*'; return 1; }
    ! diff -rq "$1" "$2" | grep -v "^Only in $1"
}

useradd --create-home alice
mkdir -p /srv/source /backup/documents /etc/syft-sync
config /etc/syft-sync/config.toml /backup/documents
echo dear >/srv/source/letter
chown alice /srv/source/letter
cp /bin/true /srv/source/tool
chmod 4755 /srv/source/tool

# By the words of the manual.
must "a broken config is not installed" bash -c '! sync-daemon install --config /dev/null/x'
must "install" sync-daemon install --service-name "sync-daemon" --description "File Sync Daemon"
must "it is ready" is $unit ActiveState active
must "it says what it does" soon says $unit .
must "systemd has nothing to complain about" bash -c '! systemd-analyze verify sync-daemon.service 2>&1 | grep .'
must "the exposure is small" systemd-analyze security --threshold=24 $unit
must "it starts with the machine" systemctl is-enabled $unit
must "its job runs" soon same /srv/source/letter /backup/documents/letter
must "owners and special modes are kept" soon same /srv/source/tool /backup/documents/tool
must "it has its rights and no more" bash -c "grep -E '^CapBnd:.000000000000001f\$' /proc/$(pid $unit)/status"
must "it may write the destination" in_its_view $unit touch /backup/documents/x
must "it cannot write the source" cannot in_its_view $unit touch /srv/source/x
must "it cannot write /etc" cannot in_its_view $unit touch /etc/x
must "it has a state of its own" test -s /var/lib/syft-sync/jobs.sqlite
must "status knows it" bash -c 'sync-daemon status | grep -i systemd'
must "systemctl status" systemctl --no-pager status $unit
must "journalctl" bash -c 'journalctl --no-pager -u sync-daemon | grep started'
must "installing again changes nothing" bash -c 'sync-daemon install --description "File Sync Daemon" 2>&1 | grep -c kept | grep -qx 1'
must "a file that changes is copied" bash -c 'soon() { for _ in $(seq 100); do "$@" && return; sleep .1; done; false; }; echo sir >/srv/source/second; soon cmp /srv/source/second /backup/documents/second'

# Reload.
sed -i 's/1h/2h/' /etc/syft-sync/config.toml
must "it reloads" systemctl reload $unit
must "the new config is in force" soon bash -c 'sync-daemon jobs | grep 2h'
echo 'nonsense = [' >>/etc/syft-sync/config.toml
systemctl reload $unit
must "a broken config does not end it, and is said" soon bash -c 'journalctl -o cat -u sync-daemon | grep "in force"'
must "it still runs" is $unit ActiveState active
sed -i '/nonsense/d' /etc/syft-sync/config.toml

# A stop in the middle of many files.
mkdir /srv/source/many
head -c 80000000 /dev/urandom | split --suffix-length=3 --bytes=20000 - /srv/source/many/
soon test -d /backup/documents/many
must "it stops" systemctl stop $unit
must "it stopped well" ended_well $unit
must "what is there is whole" whole /srv/source/many /backup/documents/many
must "it goes on with the rest" bash -c 'systemctl start sync-daemon'
must "all files arrive" soon diff -r /srv/source/many /backup/documents/many

# Failures, with less patience than usual.
mkdir /etc/systemd/system/$unit.service.d
printf '[Service]\nRestartSec=100ms\nWatchdogSec=2s\n' >/etc/systemd/system/$unit.service.d/test.conf
systemctl daemon-reload
systemctl restart $unit
kill -9 "$(pid $unit)"
must "it is started again after kill -9" soon is $unit NRestarts 1
must "and is ready again" soon is $unit ActiveState active
sleep 3
must "it feeds the watchdog" is $unit NRestarts 1
kill -STOP "$(pid $unit)"
must "the watchdog ends it when it hangs" soon is $unit NRestarts 2
must "and it is ready again after that" soon is $unit ActiveState active
must "stop, by the program" sync-daemon stop
must "a stop that was wanted is no failure" soon is $unit ActiveState inactive
rm -r /etc/systemd/system/$unit.service.d
must "uninstall" sync-daemon uninstall --service-name "sync-daemon"
must "it is gone" bash -c '! ls -d /etc/systemd/system/sync-daemon* /etc/systemd/system/*.wants/sync-daemon*'
must "config and copies are kept" test -s /etc/syft-sync/config.toml -a -s /backup/documents/letter
must "uninstalling again is no failure" sync-daemon uninstall

# Names of others.
printf '[Service]\nExecStart=/bin/true\n' >/etc/systemd/system/theirs.service
must "a unit of somebody else stays" bash -c '! sync-daemon install --service-name theirs 2>&1'
must "and is not removed" bash -c '! sync-daemon uninstall --service-name theirs 2>&1'
must "it is as it was" grep -q /bin/true /etc/systemd/system/theirs.service
must "a unit of a package is not hidden" bash -c '! sync-daemon install --service-name systemd-logind 2>&1'

# An account of its own, with nothing but what it may read and write.
useradd --system --shell /usr/sbin/nologin syncd
chmod 644 /srv/source/letter
install -d -o syncd /backup/own
config /etc/syft-sync/own.toml /backup/own false
must "install --run-as" sync-daemon install --service-name own --run-as syncd --config /etc/syft-sync/own.toml
must "it runs as that account" grep -q "^Uid:.$(id -u syncd)" "/proc/$(pid own)/status"
must "it has no rights beyond those" is_hard "$(pid own)"
must "it copies" soon cmp /srv/source/letter /backup/own/letter
must "it has directories of its own" test -O /var/lib -a -d /var/lib/own/syft-sync -a -d /run/own
must "the exposure is smaller" systemd-analyze security --threshold=17 own
must "uninstall it" sync-daemon uninstall --service-name own

# A user's own.
loginctl enable-linger alice
soon test -S "/run/user/$(id -u alice)/systemd/private"
install -d -o alice /home/alice/.config /home/alice/.config/syft-sync /home/alice/copy
config /home/alice/.config/syft-sync/config.toml /home/alice/copy false
chmod 644 /home/alice/.config/syft-sync/config.toml
must "install --user" as alice sync-daemon install --user
must "it runs" as alice systemctl --user is-active sync-daemon
must "it copies for the user" soon cmp /srv/source/letter /home/alice/copy/letter
must "reload" as alice systemctl --user reload sync-daemon
must "uninstall --user" as alice sync-daemon uninstall --user
must "it ended" cannot as alice systemctl --user is-active sync-daemon

echo end
