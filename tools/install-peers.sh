#!/usr/bin/env bash
# The other DNS servers and tools that the interoperability tests and the bench run beside ours.
# Installs what is missing with apt when it may, starts no service, and otherwise says in one line what to install.
set -euo pipefail
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

# command=Debian package
needed=(
    named=bind9 rndc=bind9-utils dig=bind9-dnsutils nsd=nsd knotd=knot kdig=knot-dnsutils unbound=unbound
    kzonecheck=knot-dnssecutils
    dnsperf=dnsperf dnsdist=dnsdist pdns_server=pdns-server pdns_recursor=pdns-recursor dnsmasq=dnsmasq-base delv=bind9-dnsutils dnssec-signzone=bind9-utils drill=ldnsutils strace=strace
    taskset=util-linux
    lego=lego pebble=pebble ddclient=ddclient inadyn=inadyn
)

missing_packages() {
    local pair
    for pair in "${needed[@]}"; do
        command -v "${pair%%=*}" >/dev/null || echo "${pair#*=}"
    done
    # Modules of PowerDNS, not commands.
    local backend
    for backend in bind gsqlite3:sqlite3 gpgsql:pgsql; do
        compgen -G "/usr/lib/*/pdns/lib${backend%%:*}backend.so" >/dev/null ||
            compgen -G "/usr/lib*/pdns/lib${backend%%:*}backend.so" >/dev/null ||
            echo "pdns-backend-${backend#*:}"
    done
    # Debian has its programs outside of the PATH.
    compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || echo postgresql
}

# Debian starts a service when its package is installed, unless this file forbids it.
forbid_service_starts() {
    local policy=/usr/sbin/policy-rc.d
    [ -e $policy ] && return
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod 755 $policy
    trap "rm -f $policy" EXIT
}

mapfile -t missing < <(missing_packages)
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "missing for interoperability tests and bench: ${missing[*]}. Install them (sudo apt-get install ${missing[*]})." >&2
    exit 1
fi
forbid_service_starts
export DEBIAN_FRONTEND=noninteractive
apt-get -q update
apt-get -q install --yes --no-install-recommends "${missing[@]}"
mapfile -t missing < <(missing_packages)
if [ ${#missing[@]} -ne 0 ]; then
    echo "still missing after apt-get install: ${missing[*]}" >&2
    exit 1
fi
