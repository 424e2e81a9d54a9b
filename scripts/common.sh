# common.sh - what the scripts share; source it from a script in this folder
#
# After it: the working directory is the top of the tree, $build holds all that is built, $cache
# all that is fetched once and used by many builds, $jobs how many things run at once.

set -euo pipefail
export LC_ALL=C.UTF-8
cd "$(dirname "${BASH_SOURCE[0]}")/.."
top=$PWD
build=${CW_BUILD_DIR:-$top/build}
cache=${CW_CACHE_DIR:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/cloudwriter}
jobs=${CW_JOBS:-$(nproc)}
export top build cache jobs

say() { printf '%s\n' "$*"; }

# die MESSAGE: say it on stderr and fail
die()
{
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# compile PRESET [CMAKE-OPTION...]: configure and build into $build/PRESET
compile()
{
    local preset=$1
    shift
    cmake --preset "$preset" -B "$build/$preset" "$@" >"$build/$preset.cmake.log" 2>&1 || {
        cat "$build/$preset.cmake.log" >&2
        return 1
    }
    cmake --build "$build/$preset" -j "$jobs"
}
mkdir -p "$build"
