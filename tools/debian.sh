# debian.sh - a Debian system in a folder, to build and test in. Sourced after lib.sh.
# shellcheck shell=sh

# What the functions below need.
want_debian() {
    [ "$(id -u)" -eq 0 ] || fail 'must be run as root: it makes a Debian system in a folder, and enters it'
    wants debootstrap command -v debootstrap
    wants git command -v git
    install_missing
}

# apart COMMAND...: in namespaces of its own. What it mounts and what it starts ends with it, however it ends: nothing stays
# mounted in a folder that somebody removes.
apart() {
    # The first process of a namespace gets a signal only where it handles it.
    # shellcheck disable=SC2016
    unshare --mount --pid --fork --kill-child sh -c 'trap "exit 130" INT TERM; "$@" & wait $!' sh "$@"
}

# in_debian FOLDER COMMAND...: in the system's clone of this repository.
in_debian() {
    root=$1
    shift
    # shellcheck disable=SC2016
    apart sh -euc '
        root=$1
        shift
        mount -t proc proc "$root/proc"
        mount --rbind /sys "$root/sys"
        mount --rbind /dev "$root/dev"
        exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TERM="${TERM-dumb}" \
            chroot "$root" sh -c "cd /vitro && exec \"\$@\"" sh "$@"' sh "$root" "$@"
}

# clone_into FOLDER: the last commit.
clone_into() {
    if [ -d "$1/vitro" ]; then
        git -C "$1/vitro" fetch --quiet "$PWD" HEAD
        git -C "$1/vitro" checkout --quiet --force --detach FETCH_HEAD
    else
        git clone --quiet . "$1/vitro"
    fi
}

# make_debian RELEASE FOLDER COMMAND...: a minimal system with git and a clone of the last commit, in which the command has
# run. One that is there gets the commit alone.
make_debian() {
    release=$1 folder=$2
    shift 2
    if [ -d "$folder" ]; then
        clone_into "$folder"
        return
    fi
    rm -rf "$folder.part"
    watched "making Debian $release in $folder" build-logs/debootstrap.log \
        apart debootstrap --variant=minbase --include=ca-certificates,git "$release" "$folder.part"
    clone_into "$folder.part"
    watched "installing in $folder" build-logs/debian-install.log in_debian "$folder.part" "$@"
    mv "$folder.part" "$folder"
}

# versions_in FOLDER PACKAGE...: prints them.
versions_in() {
    root=$1
    shift
    in_debian "$root" dpkg-query --show "$@"
}
