#!/bin/sh
# What every source file promises: no banned call, a licence line, a bounded length, headers that stand alone.
. "$top_srcdir/tests/tap.sh"
cd "$top_srcdir" || exit 99
files=$(find src include tests/unit tests/fuzz tests/verdict -name '*.[ch]' | sort)

banned='(^|[^a-zA-Z0-9_>.])(atoi|atol|strcpy|strcat|sprintf|vsprintf|gets|system|popen|alloca|strtok|mktemp|tmpnam|signal)[[:space:]]*\('
found=$(grep -nE "$banned" $files | grep -vE '^[^:]*:[0-9]+:[[:space:]]*(/\*|\*|//)' | sed 's/"[^"]*"//g' | grep -E "$banned")
is 'no banned call' "$found" ''

found=$(grep -nE '(^|[^a-zA-Z0-9_])exit[[:space:]]*\(' $(find src -name '*.c') | grep -vE '^src/(daemon/main|cli/main)\.c:|_exit|quick_exit|/\*| \* ' )
is 'exit() only in the two mains' "$found" ''

missing=
for f in $files; do sed -n 1,12p "$f" | grep -q 'SPDX-License-Identifier: BSD-2-Clause' || missing="$missing $f"; done
is 'each file names its licence' "$missing" ''

long=
for f in $files; do n=$(wc -l <"$f"); [ "$n" -le 700 ] || long="$long $f:$n"; done
is 'no file over 700 lines' "$long" ''

# scan/simd_*.h are templates: scan_simd.c includes them once for each instruction set.
headers=$(find src include -name '*.h' ! -path 'src/scan/simd_*' | sort)
missing=
for f in $headers; do grep -q '^#pragma once' "$f" || missing="$missing $f"; done
is 'each header is read once' "$missing" ''

found=$(grep -nE '[[:blank:]]+$' $files)
is 'no blanks at line ends' "$found" ''

# Each public header compiles by itself.
broken=
tmp=$(mktemp -d) || exit 99
for h in $headers; do
	case $h in include/*) continue ;; esac
	echo "#include \"${h#src/}\"" >"$tmp/one.c"
	${CC:-cc} -std=gnu17 -fsyntax-only -include "$top_builddir/config.h" -I"$top_builddir/include" -Iinclude -Isrc $HDA_CFLAGS "$tmp/one.c" 2>"$tmp/err" || broken="$broken $h"
done
rm -rf "$tmp"
is 'each header compiles by itself' "$broken" ''
done_testing
