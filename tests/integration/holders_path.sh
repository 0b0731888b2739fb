#!/bin/sh
# path ADDRESS over files, and the names that the gem sends. SPDX-License-Identifier: BSD-2-Clause
. "$top_srcdir/tests/tap.sh"
share 2 # in the sanitizers' suite
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
hda() { "$top_builddir/hdactl" -f "$work/a.dump" "$@" 2>"$work/err"; }
status() { "$@" >"$work/out"; echo $?; }
said() { grep -q "$1" "$work/err"; }

# root vm -> class Foo -> Hash (called Foo::REGISTRY) -> Node x 3 000 -> String; a String that nothing refers to.
awk 'BEGIN {
	print "{\"type\":\"ROOT\", \"root\":\"vm\", \"references\":[\"0x7f0000000028\", \"0x7f0000000078\"]}"
	print "{\"type\":\"ROOT\", \"root\":\"hda: constant Foo::REGISTRY\", \"references\":[\"0x7f0000000050\"]}"
	print "{\"address\":\"0x7f0000000028\", \"type\":\"CLASS\", \"name\":\"Foo\", \"references\":[\"0x7f0000000050\"], \"memsize\":500}"
	print "{\"address\":\"0x7f0000000050\", \"type\":\"HASH\", \"class\":\"0x7f0000000078\", \"size\":1, \"references\":[\"0x7f0000010000\"], \"memsize\":168}"
	print "{\"address\":\"0x7f0000000078\", \"type\":\"CLASS\", \"name\":\"Hash\", \"memsize\":500}"
	print "{\"address\":\"0x7f00000000a0\", \"type\":\"CLASS\", \"name\":\"Node\", \"memsize\":500}"
	print "{\"address\":\"0x7f00000000c8\", \"type\":\"STRING\", \"memsize\":40}"
	print "{\"address\":\"0x7f00000000f0\", \"type\":\"STRING\", \"memsize\":40000}"
	for (i = 0; i < 3000; i++)
		printf "{\"address\":\"0x7f000%07x\", \"type\":\"OBJECT\", \"class\":\"0x7f00000000a0\", \"references\":[\"0x7f000%07x\"], \"memsize\":40}\n", \
		    65536 + i * 40, i < 2999 ? 65536 + (i + 1) * 40 : 240
}' >"$work/a.dump"
is "path ADDRESS: 0" "$(status hda path 0x7f00000000f0)" 0
is "the way by names" "$(hda path 0x7f00000000f0 --json | grep -o '"name":"[^"]*"' | cut -d'"' -f4 | tr '\n' '|')" \
	"Ruby VM|class Foo|constant Foo::REGISTRY -> Hash|Node|Node|String (no class)|"
is "the way by addresses" "$(hda path 0x7f00000000f0 --json | grep -o '"address":[^,]*' | cut -d: -f2 | tr -d '"' | tr '\n' '|')" \
	"null|0x7f0000000028|0x7f0000000050|0x7f0000010000|0x7f000002d498|0x7f00000000f0|"
ok "links between are counted" said "2998 more steps"
is "retained of the Hash" "$(hda path 0x7f00000000f0 --json | grep -o '"address":"0x7f0000000050".*' | grep -o '"retained":[0-9]*' | head -1)" '"retained":160668'
is "an address without an object: 1" "$(status hda path 0x7f0000000000)" 1
ok "and a line" said "no object at 0x7f0000000000"
is "garbage: 1" "$(status hda path 0x7f00000000c8)" 1
ok "and a line" said "0x7f00000000c8 is garbage"
is "no address: 2" "$(status hda path 0x7f0000000000z)" 2
is "without graph: 1" "$(status hda --no-graph path 0x7f00000000f0)" 1
ok "and a line" said "no graph"

# The name stands in every report; its line is neither root nor reference.
ok "containers and holders go by the constant" sh -c 'printf "%s" "$1" | grep -q "\"name\":\"constant Foo::REGISTRY -> Hash -> Node (x 3000) -> String (no class)\""' - "$(hda show --json)"
ok "the tree shows it" sh -c 'printf "%s" "$1" | grep -q "constant Foo::REGISTRY -> Hash"' - "$(hda holders -n 0 --depth 0)"
is "a name is no root" "$(hda show --json | grep -o '"list":"roots","name":"[^"]*","count":[0-9]*,"references":[0-9]*')" '"list":"roots","name":"vm","count":1,"references":2'
is "nor counted as one" "$(hda show --json | grep -o '"name":"roots","count":[0-9]*')" '"name":"roots","count":1'
ids() { hda holders -n 0 --depth 0 --json | grep -o '"id":"[0-9a-f]*"' | sort; }
ids >"$work/with"
sed -i '/hda: /d' "$work/a.dump"
ids >"$work/without"
ok "ids are the same without the name" cmp "$work/with" "$work/without"
ok "and the path says so" sh -c 'printf "%s" "$1" | grep -q "class Foo -> Hash"' - "$(hda path --class Node)"

# A torn dump: what its roots lead to is there, what has no line dangles; without ROOT lines there is no graph.
cp "$work/a.dump" "$work/whole"
head -c 100000 "$work/whole" >"$work/a.dump"
is "torn: dangling references are counted" "$(hda show --json | grep -o '"name":"dangling references","count":[0-9]*')" '"name":"dangling references","count":1'
is "torn: holders answer" "$(status hda holders)" 0
sed -i '/ROOT/d' "$work/a.dump"
is "no ROOT line: 1" "$(status hda holders)" 1
ok "and why" said "no ROOT lines"
cp "$work/whole" "$work/a.dump"

# Pictures: every edge joins two boxes, a quote in a name stands behind a backslash.
sed -i 's/"name":"Node"/"name":"No\\"de"/' "$work/a.dump"
hda holders --dot -n 0 --depth 0 >"$work/dot"
ok "dot: boxes and edges" awk '/\[label=/ {box[$1] = 1} /->/ && !/label/ {sub(";", "", $3); edges++; if (!box[$1] || !box[$3]) bad = 1} END {exit bad || edges < 4}' "$work/dot"
ok "dot: a quote" grep -qF 'No\"de (x 3000)\nretains' "$work/dot"
ok "dot: one object is no objects" grep -q 'n1 object"' "$work/dot"
if command -v dot >/dev/null; then ok "Graphviz reads it" sh -c 'dot -Tsvg "$1" | grep -q "</svg>"' - "$work/dot"; else skip "Graphviz reads it" "no dot"; fi
hda holders --folded >"$work/folded"
is "folded: own bytes add up" "$(awk '{n += $NF} END {print n}' "$work/folded")" "$(hda show --json | sed -n 's/.*"name":"reachable","count":[0-9]*,"bytes":\([0-9]*\).*/\1/p')"

# What Ruby itself measured.
for v in v3_1_7 v3_4_9 v4_0_5; do
	dump=$HDA_SHARED/dumps/$v.notrace.dump.zst
	if [ ! -e "$dump" ]; then
		skip "$v: the vault" "no shared dumps"
		continue
	fi
	vault=$(sed -n 's/.*"vault":{"address":"\(0x[0-9a-f]*\)","objects":\([0-9]*\),"bytes":\([0-9]*\)}.*/\1 \2 \3/p' "$HDA_SHARED/dumps/$v.facts.json")
	"$top_builddir/hdactl" -f "$dump" path "${vault%% *}" --json 2>/dev/null >"$work/out"
	is "$v: the vault" "$(sed -n 's/.*"address":"\(0x[0-9a-f]*\)".*"retained":\([0-9]*\),"retained_objects":\([0-9]*\).*/\1 \3 \2/p' "$work/out" | tail -1)" "$vault"
	ok "$v: it is held by its class" grep -q '"name":"class Shop::Vault"' "$work/out"
done
done_testing
