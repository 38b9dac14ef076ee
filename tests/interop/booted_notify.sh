#!/bin/bash
# Runs as root where systemd is PID 1, and prints `ok WHAT` or `FAILED WHAT` for each thing that
# must hold, and `end` when it has come to the end.
cd /srv/service || exit 1
WATCHED='syft-notify@*'
. /srv/common.sh

looked() { as "$1" syft-notify status --json | grep -E '"looked": "?[0-9]'; }

useradd --create-home alice
mkdir -p /srv/people
useradd --create-home --home-dir /srv/people/bob bob
as alice syft-notify init --yes --local /home/alice/.syft-creds/hub --email do@example.org
mkdir -p /home/alice/SyftBox_do@example.org
chown alice: /home/alice/SyftBox_do@example.org
install -d -o bob /srv/hub
as bob syft-notify init --yes --local /srv/hub --email bob@example.org
unit=syft-notify@alice

# By hand, with the words of the manual.
must "the literal file is copied" cp systemd/syft-notify.service /etc/systemd/system/syft-notify@.service
must "it is enabled" systemctl enable $unit
must "it starts, and systemd hears that it is ready" systemctl start $unit
must "it says what it does" soon says $unit "do@example.org"
must "it runs as its user" grep -q "^Uid:.$(id -u alice)" "/proc/$(pid $unit)/status"
must "it has no rights beyond those" is_hard "$(pid $unit)"
must "it looks" soon looked alice
must "it writes its log" soon grep -q . /home/alice/.syft-creds/syft-notify.log
must "it may write its own directory" in_its_view $unit runuser -u alice -- touch /home/alice/.syft-creds/x
must "it cannot write SyftBox" cannot in_its_view $unit touch /home/alice/SyftBox_do@example.org/x
must "it cannot write /etc" cannot in_its_view $unit touch /etc/x
must "the exposure is small" bash -c "systemd-analyze security --threshold=20 $unit"
must "status knows it" bash -c "$(declare -f as); as alice syft-notify status | grep -i systemd"

# Reload.
must "it reloads" systemctl reload $unit
cp /home/alice/.syft-creds/daemon.yaml /srv/good.yaml
echo 'interval: [' >> /home/alice/.syft-creds/daemon.yaml
systemctl reload $unit
must "a broken config does not end it, and is said" soon says $unit "stays in force"
must "it still runs" is $unit ActiveState active
cp /srv/good.yaml /home/alice/.syft-creds/daemon.yaml

# Failures, with less patience than usual.
mkdir /etc/systemd/system/$unit.service.d
printf '[Service]\nRestartSec=100ms\nWatchdogSec=2s\n' > /etc/systemd/system/$unit.service.d/test.conf
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
must "it stops" systemctl stop $unit
must "it stopped well" is $unit Result success
rm -r /etc/systemd/system/$unit.service.d

# Before there is a directory of its own.
useradd --create-home carol
systemctl start syft-notify@carol
must "without a config it says what to do" soon bash -c "journalctl -o cat -u syft-notify@carol | grep 'syft-notify init'"
as carol syft-notify init --yes --local /home/carol/.syft-creds/hub --email carol@example.org
must "and starts by itself when there is one" soon is syft-notify@carol ActiveState active
systemctl stop syft-notify@carol

# By the program itself, for a home and a hub in unusual places.
must "sudo syft-notify service install" env SUDO_USER=bob syft-notify service install
must "bob's runs" is syft-notify@bob ActiveState active
must "bob's looks, so it writes where its home is" soon looked bob
must "bob's may write its hub" in_its_view syft-notify@bob runuser -u bob -- touch /srv/hub/x
must "systemd has nothing to complain about" bash -c '! systemd-analyze verify syft-notify@bob.service 2>&1 | grep .'
must "installing again changes nothing" bash -c 'SUDO_USER=bob syft-notify service install 2>&1 | grep -c kept | grep -qx 2'
must "a copy by hand is taken over" env SUDO_USER=alice syft-notify service install
must "uninstall" env SUDO_USER=bob syft-notify service uninstall
must "bob's is gone" is syft-notify@bob ActiveState inactive
must "alice's goes on, by the same file" is $unit ActiveState active
must "the last one takes the file along" env SUDO_USER=alice syft-notify service uninstall
must "nothing is left" bash -c '! ls -d /etc/systemd/system/syft-notify* /etc/systemd/system/*.wants/syft-notify*'

# A user's own.
loginctl enable-linger alice
soon test -S "/run/user/$(id -u alice)/systemd/private"
must "install --user" as alice syft-notify service install --user
must "it runs" as alice systemctl --user is-active syft-notify
must "it needs no rights" bash -c "$(declare -f is_hard as); grep -E '^(NoNewPrivs:.1|Seccomp:.2)$' /proc/\$(as alice systemctl --user show -P MainPID syft-notify)/status | wc -l | grep -qx 2"
must "reload" as alice systemctl --user reload syft-notify
must "uninstall --user" as alice syft-notify service uninstall --user
must "it ended" cannot as alice systemctl --user is-active syft-notify

echo end
