# What scripts that run under a systemd of their own share; WATCHED is what is shown of failures.
export LC_ALL=C.UTF-8 NO_COLOR=1

must() { # WHAT COMMAND...
    local what=$1
    shift
    if "$@" >/srv/said 2>&1; then
        echo "ok $what ($SECONDS s)"
    else
        echo "FAILED $what: $* ($?)"
        cat /srv/said
        systemctl --no-pager status "$WATCHED"
        journalctl --no-pager -o cat -n 30
    fi
}
soon() { # COMMAND... holds within 20 s
    for _ in $(seq 200); do
        "$@" >/dev/null 2>&1 && return
        sleep 0.1
    done
    "$@"
}
is() { [ "$(systemctl show -P "$2" "$1")" = "$3" ] || { systemctl show -p "$2" "$1"; false; }; }
says() { systemctl show -P StatusText "$1" | grep -e "$2"; }
pid() { systemctl show -P MainPID "$1"; }
as() { # USER COMMAND...
    runuser -u "$1" -- env HOME="$(getent passwd "$1" | cut -d: -f6)" \
        XDG_RUNTIME_DIR="/run/user/$(id -u "$1")" "${@:2}"
}
is_hard() { # PID
    grep -E '^(NoNewPrivs:\s1|Seccomp:\s2|CapEff:\s0{16}|CapBnd:\s0{16})$' "/proc/$1/status" | wc -l | grep -qx 4
}
in_its_view() { nsenter -t "$(pid "$1")" -m "${@:2}"; }
cannot() { ! "$@"; }
