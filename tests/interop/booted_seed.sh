#!/bin/bash
# Runs, as root where systemd is PID 1, the lines that the document of the sync daemon prints about
# services, word for word, and prints `row CODE<tab>LINE<tab>FIRST LINE OF OUTPUT` for each.
WATCHED='sync-daemon'
. /srv/common.sh

row() { # LINE; one that does not end by itself is ended
    timeout --signal=INT 3 bash -c "$1" >/srv/said 2>&1 </dev/null
    local code=$?
    printf 'row %s\t%s\t%s\n' "$code" "$1" "$(grep -m1 . /srv/said | cut -c1-100)"
}

mkdir -p /etc/syft-sync /srv/source /backup
cat >/etc/syft-sync/config.toml <<'TOML'
[[sync_jobs]]
id = "documents"
source_path = "/srv/source"
destination_path = "/backup"
enabled = true
[sync_jobs.schedule]
type = "interval"
interval = "5m"
TOML
row 'sudo sync-daemon install --service-name "sync-daemon" --description "File Sync Daemon"'
row 'sudo systemctl status sync-daemon'
row 'sudo journalctl -u sync-daemon -f'
must "the journal has the log" bash -c 'journalctl -u sync-daemon | grep -q "looking after 1 job"'
sync-daemon uninstall >/dev/null 2>&1
row 'sync-daemon install --service-name "my-sync" --description "My Sync Service"'
must "it runs" systemctl is-active my-sync
row 'sync-daemon uninstall --service-name "my-sync"'
must "it is gone" cannot systemctl is-active my-sync
echo end
