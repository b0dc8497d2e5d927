# lib.sh - what the scripts in this folder share. Sourced, from the top of the repository.
# shellcheck shell=sh

say() { printf '%s\n' "$*"; }
fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# Running ------------------------------------------------------------------------------------------------------------

started=$(date +%s)
# Minutes and seconds since the script began.
elapsed() {
    seconds=$(($(date +%s) - started))
    printf '%d:%02d' $((seconds / 60)) $((seconds % 60))
}

# show_progress WHAT LOG: the time, and the last that the log says, for as long as the script runs: once a second on a
# terminal's one line, elsewhere every ten seconds.
show_progress() {
    while kill -0 $$ 2>/dev/null; do
        last=$(tail -n 1 "$2" 2>/dev/null | tr '\r' '\n' | tail -n 1 | cut -c 1-80)
        if [ -t 1 ]; then
            printf '\r\033[K%s  %s: %s' "$(elapsed)" "$1" "$last"
            sleep 1
        else
            printf '%s  %s: %s\n' "$(elapsed)" "$1" "$last"
            sleep 10
        fi
    done
}

# watched WHAT LOG COMMAND...: shows how far the command is, and its output only where it fails.
watched() {
    what=$1 log=$2
    shift 2
    mkdir -p "$(dirname "$log")"
    : >"$log"
    show_progress "$what" "$log" &
    progress=$!
    status=0
    "$@" >"$log" 2>&1 || status=$?
    kill $progress
    wait $progress 2>/dev/null || :
    [ ! -t 1 ] || printf '\r\033[K'
    if [ $status -eq 0 ]; then
        say "$(elapsed)  $what: done"
        return
    fi
    tail -n 100 "$log" >&2
    printf '%s: failed: %s (all of its output: %s)\n' "${0##*/}" "$*" "$log" >&2
    return 1
}

# Packages ------------------------------------------------------------------------------------------------------------

missing='' installed=''
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
    wants libjpeg-dev pkg-config --exists libjpeg
    wants libpng-dev pkg-config --exists libpng
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
    watched 'reading the list of packages' build-logs/apt-update.log $sudo apt-get update
    # The packages are words to split.
    # shellcheck disable=SC2086
    watched "installing$missing" build-logs/apt-install.log $sudo env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends $missing
    installed=yes missing=''
}

# Building ------------------------------------------------------------------------------------------------------------

# configure DIR [MESON OPTION...]: for the first time, or again where something has changed since that it depends on.
# (Ninja itself sees to changes of the sources' own files.)
configure() {
    dir=$1
    shift
    again='' options="${CC-} ${CXX-} $*"
    if [ -f "$dir/build.ninja" ]; then
        [ "$installed$(cat "$dir/configured-with" 2>/dev/null)" != "$options" ] || return 0
        again=--reconfigure
    fi
    # shellcheck disable=SC2086
    watched "configuring $dir" "build-logs/$dir-configure.log" meson setup "$dir" $again "$@" || return
    printf '%s\n' "$options" >"$dir/configured-with"
}

# compile DIR [TARGET...]: all of it, or these targets.
compile() {
    dir=$1
    shift
    watched "building $dir" "build-logs/$dir-compile.log" ninja -C "$dir" "$@"
}

