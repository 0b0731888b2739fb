#!/bin/sh
# update-docs.sh TABLES-PROGRAM TREE: writes what comes from tables into the documents of TREE.
set -eu
tables=$1 tree=$2
"$tables" sample >"$tree/contrib/systemd/hda.conf"
cp "$tree/contrib/systemd/hda.conf" "$tree/tests/fuzz/corpus/config/sample"
fill() { # fill FILE MARKER WHAT
	"$tables" "$3" >"$tree/$1.part"
	awk -v part="$tree/$1.part" -v mark="$2" '
		$0 == ".\\\" END " mark { skip = 0 }
		!skip { print }
		$0 == ".\\\" BEGIN " mark { skip = 1; while ((getline line < part) > 0) print line }' "$tree/$1" >"$tree/$1.new"
	mv "$tree/$1.new" "$tree/$1"
	rm "$tree/$1.part"
}
fill doc/hda.conf.5 OPTIONS man
fill doc/hdad.8 COUNTERS counters
fill doc/hdad.8 EVENTS events
