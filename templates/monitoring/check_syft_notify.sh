#!/bin/sh
# check_syft_notify.sh: a check for Nagios, Icinga and everything else that calls their plugins.
#
#   check_syft_notify.sh [-c CONFIG] [-w WAITING]
#
#   -c CONFIG    the config file, unless it is ~/.syft-creds/daemon.yaml
#   -w WAITING   warn when so many mails wait, or more (10)
#
# It says one line and ends with 0 OK, 1 WARNING, 2 CRITICAL or 3 UNKNOWN, as the Monitoring
# Plugins Guidelines want it. Run it as the user of syft-notify, who alone may read its state:
#   sudo -n -H -u USER /usr/local/bin/check_syft_notify.sh

program=${SYFT_NOTIFY:-syft-notify}
config=
warn_at=10

finish() { # CODE TEXT
    echo "$2"
    exit "$1"
}

while getopts :c:w: option; do
    case $option in
    c) config=$OPTARG ;;
    w) warn_at=$OPTARG ;;
    *) finish 3 "UNKNOWN: usage: check_syft_notify.sh [-c CONFIG] [-w WAITING]" ;;
    esac
done
case $warn_at in
'' | *[!0-9]*) finish 3 "UNKNOWN: -w takes a whole number" ;;
esac
command -v "$program" >/dev/null 2>&1 || finish 3 "UNKNOWN: there is no program $program"

report=$("$program" status --json ${config:+"--config=$config"} 2>&1)
code=$?

# The keys of the report itself stand two spaces from the margin.
number() {
    printf '%s\n' "$report" | sed -n "s/^  \"$1\": \([0-9][0-9]*\),\{0,1\}\$/\1/p"
}
waiting=$(number waiting)
dead=$(number dead)
sent=$(number sent_total)
waiting=${waiting:-0} dead=${dead:-0} sent=${sent:-0}
figures="sent=${sent}c waiting=$waiting;$warn_at dead=$dead;0"

case $code in
0) ;;
3) finish 2 "CRITICAL: syft-notify is not running | $figures" ;;
*) finish 3 "UNKNOWN: $(printf '%s\n' "$report" | head -n 1 | tr '|' '/')" ;;
esac
[ "$dead" -eq 0 ] || finish 1 "WARNING: mails given up: $dead; see syft-notify queue list | $figures"
[ "$waiting" -lt "$warn_at" ] || finish 1 "WARNING: mails that wait: $waiting; see syft-notify queue list | $figures"
finish 0 "OK: syft-notify is running | $figures"
