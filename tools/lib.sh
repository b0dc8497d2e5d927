# lib.sh - what the scripts in this folder share. Sourced, from the top of the repository.
# shellcheck shell=sh

say() { printf '%s\n' "$*"; }
fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# quietly LOG COMMAND...: shows the command's output only where it fails.
quietly() {
    log=$1
    shift
    mkdir -p "$(dirname "$log")"
    "$@" >"$log" 2>&1 && return
    tail -n 40 "$log" >&2
    printf '%s: failed: %s (all of its output: %s)\n' "${0##*/}" "$*" "$log" >&2
    return 1
}

# Packages ------------------------------------------------------------------------------------------------------------

missing=''
# wants PACKAGE COMMAND...: the Debian package is missing where the command fails.
wants() {
    package=$1
    shift
    "$@" >/dev/null 2>&1 || missing="$missing $package"
}
has_header() { printf '#include <%s>\n' "$1" | cc -E -x c -; }
has_fuzzer() {
    program=$(mktemp)
    printf '#include <stddef.h>\nint LLVMFuzzerTestOneInput(const char *d, size_t n) { return 0 * n * !d; }\n' |
        clang -fsanitize=fuzzer -x c - -o "$program"
    status=$?
    rm -f "$program"
    return $status
}

want_build() {
    wants gcc command -v cc
    wants libc6-dev has_header stdio.h
    wants meson command -v meson
    wants ninja-build command -v ninja
    wants pkgconf command -v pkg-config
    wants libdnnl-dev has_header oneapi/dnnl/dnnl.h
    wants libjansson-dev pkg-config --exists jansson
    wants libcairo2-dev pkg-config --exists cairo
}
want_tests() {
    wants libcriterion-dev pkg-config --exists criterion
    wants g++ command -v c++
}
want_other_compiler() {
    wants clang command -v clang
    wants libclang-rt-dev has_fuzzer
}

# Installs what the wants_ functions found missing.
install_missing() {
    [ -n "$missing" ] || return 0
    command -v apt-get >/dev/null ||
        fail "please install the packages that Debian calls:$missing"
    sudo=''
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || fail "as root, please run: apt-get install$missing"
        sudo=sudo
    fi
    say "installing:$missing"
    quietly build-logs/apt-update.log $sudo apt-get update
    # The packages are words to split.
    # shellcheck disable=SC2086
    quietly build-logs/apt-install.log $sudo env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends $missing
    missing=''
}

# Building ------------------------------------------------------------------------------------------------------------

# configure DIR [MESON OPTION...]: for the first time, or again.
configure() {
    dir=$1
    shift
    again=''
    [ ! -f "$dir/build.ninja" ] || again=--reconfigure
    # shellcheck disable=SC2086
    quietly "build-logs/$dir-configure.log" meson setup "$dir" $again "$@"
}

# compile DIR [TARGET...]: all of it, or these targets.
compile() {
    dir=$1
    shift
    quietly "build-logs/$dir-compile.log" meson compile -C "$dir" "$@"
}

# build DIR [MESON OPTION...]
build() { configure "$@" && compile "$1"; }
