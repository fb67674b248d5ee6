# The Debian 12 packages the project builds and tests with, and the one way they are installed.
# Sourced by quickstart and run-tests.
build_packages=(g++ cmake ninja-build pkg-config libboost1.81-dev libpq-dev libssl-dev libpcre2-dev libc-ares-dev
    libcli11-dev libsystemd-dev libfmt-dev nlohmann-json3-dev libncurses-dev postgresql-15 postgresql-client-15)
# For man pages, completions and the Debian package.
package_packages=(go-md2man python3 gzip dpkg-dev file)
test_packages=("${package_packages[@]}" libgtest-dev libgmock-dev libbenchmark-dev postgresql-contrib haproxy haproxy-doc xinetd
    python3-pytest python3-pytest-xdist python3-psycopg python3-psycopg2 clang clang-format clang-tidy
    libclang-rt-14-dev procps iproute2 util-linux curl netcat-openbsd wrk socat ca-certificates tmux hatop
    bash-completion zsh fish mandoc lintian debootstrap systemd python3-seccomp libfaketime
    prometheus prometheus-haproxy-exporter chromium)
# A Node.js that is there already stays: Debian's would stand beside it.
command -v npm >/dev/null || test_packages+=(nodejs npm)

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# install_packages NAME...: does nothing when all are there; no service is started meanwhile.
install_packages() {
    local missing=() name policy=/usr/sbin/policy-rc.d
    for name in "$@"; do
        dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
    done
    [ ${#missing[@]} = 0 ] && return 0
    echo "installing: ${missing[*]}"
    local made_policy=no
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod +x "$policy"
        made_policy=yes
    fi
    local status=0
    { as_root apt-get update -qq && as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null; } || status=$?
    [ $made_policy = yes ] && as_root rm -f "$policy"
    [ $status = 0 ] || echo "could not install the packages above (see apt's words)" >&2
    return $status
}
