#!/bin/sh
# What every source file promises: no banned call, a licence line, a bounded length, headers that stand alone.
. "$top_srcdir/tests/tap.sh"
cd "$top_srcdir" || exit 99
files=$(find src include tests/unit tests/fuzz tests/verdict -name '*.[ch]' | sort)

banned='(^|[^a-zA-Z0-9_>.])(atoi|atol|strcpy|strcat|sprintf|vsprintf|gets|system|popen|alloca|strtok|mktemp|tmpnam|signal|lgamma|localtime|gmtime|ctime|asctime|rand)[[:space:]]*\('
found=$(grep -nE "$banned" $files | grep -vE '^[^:]*:[0-9]+:[[:space:]]*(/\*|\*|//)' | sed 's/"[^"]*"//g' | grep -E "$banned")
is 'no banned call' "$found" ''

found=$(grep -nE '(^|[^a-zA-Z0-9_])exit[[:space:]]*\(' $(find src -name '*.c') | grep -vE '^src/(daemon/main|cli/main)\.c:|_exit|quick_exit|/\*| \* ' )
is 'exit() only in the two mains' "$found" ''

# One process for all files, here and below: a process a file takes longer than all the reading.
missing=$(awk 'FNR == 1 { if (f != "" && !ok) print f; f = FILENAME; ok = 0 }
	FNR <= 12 && /SPDX-License-Identifier: BSD-2-Clause/ { ok = 1 }
	END { if (!ok) print f }' $files)
is 'each file names its licence' "$missing" ''

long=$(wc -l $files | awk '$2 != "total" && $1 > 700 { print $2 ":" $1 }')
is 'no file over 700 lines' "$long" ''

# scan/simd_*.h are templates: scan_simd.c includes them once for each instruction set.
headers=$(find src include -name '*.h' ! -path 'src/scan/simd_*' | sort)
missing=$(grep -L '^#pragma once' $headers)
is 'each header is read once' "$missing" ''

# As .clang-format has it; bytes, which is never less.
found=$(expand -t4 $(find src include -name '*.[ch]' | sort) | awk 'length($0) > 140')
is 'no line over 140 columns, a tab counted as four' "$found" ''

found=$(grep -nE '[[:blank:]]+$' $files)
is 'no blanks at line ends' "$found" ''

# Each public header compiles by itself.
tmp=$(mktemp -d) || exit 99
for h in $headers; do
	case $h in include/*) continue ;; esac
	n=${h#src/}; n=${n%%/*}-${n##*/}
	echo "#include \"${h#src/}\"" >"$tmp/${n%.h}.c"
done
broken=$(${CC:-cc} -std=gnu17 -fsyntax-only -include "$top_builddir/config.h" -I"$top_builddir/include" -Iinclude -Isrc $HDA_CFLAGS "$tmp"/*.c 2>&1)
rm -rf "$tmp"
is 'each header compiles by itself' "$broken" ''
done_testing
