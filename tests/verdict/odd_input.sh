#!/bin/sh
# verdict-json answers each line of its input with one line, in order, whatever is in it.
. "$top_srcdir/tests/tap.sh"
json=$top_builddir/tests/verdict-json
[ -x "$json" ] || skip_all 'built without jansson'
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

cat >"$dir/in" <<'END'
{"id":"none"}
[]
null
3
{"id":"procs null","procs":null,"family":[1]}
{"id":"no life","procs":[]}
{"id":"no dumps","procs":[null,3,{},{"dumps":[],"keys":[{"id":1}]},{"dumps":null,"keys":null}]}
{"id":"one dump","procs":[{"traced":true,"graph":true,"ruby":3.3,"dumps":[{"seq":0,"jobs":1e3,"t":1.7e9,"new":{}}],"keys":[{"id":1,"type":"STRING","n":[3],"b":[1],"c":[[[0,3]]],"len":null,"path":[null,1]}]}]}
{"id":"numbers","procs":[{"traced":true,"dumps":[{"jobs":1e300,"t":-1e300,"gc":-5,"mix":{"a":null,"b":"x"},"marks":[1,null,[1],[2,3],[4,5]]},{"jobs":123456789012345678901234567890,"gc":1e30,"rss":1e308},{"jobs":5,"gc":2}],"keys":[{"id":-3,"n":[1e300,1e308,null],"b":[1e308],"c":[[[1e30,5]],[[-1,3,1e308]],null],"path":[],"root":5,"gone":[null,null,1e300]}]}]}
not json
{"id":"overflow","procs":[{"limit":1e999}]}
{"id":"cut","procs":[
{"id":"a life of no dump after two of another revision","procs":[{"rev":"a","graph":true,"dumps":[{"jobs":1},{"jobs":2},{"jobs":3},{"jobs":4},{"jobs":5},{"jobs":6},{"jobs":7},{"jobs":8}],"keys":[{"id":12345678901,"type":"HASH","cls":"Hash","n":[1,1,1,1,1,1,1,1],"b":[1,2],"len":[9,110,220,330,440,550,660,770],"path":["class A"]}]},{"rev":"b","keys":[{"id":5,"type":"HASH","cls":"Hash","path":["class A"]}]}]}
END
ok 'it ends well' sh -c '"$1" <"$2/in" >"$2/out" 2>"$2/err"' - "$json" "$dir"
lines=$(wc -l <"$dir/in")
is 'a verdict for each line' "$(grep -c '^{"lines":\[.*}$' "$dir/out") of $(wc -l <"$dir/out")" "$lines of $lines"
is 'in order' "$(sed -n 's/.*"id":"\([^"]*\)".*/\1/p' "$dir/out")" "$(sed -n '/"overflow"/d; /"cut"/d; s/^{"id":"\([^"]*\)".*/\1/p' "$dir/in")"
is 'what is no JSON is answered and said' "$(grep -c '"error":' "$dir/out") $(wc -l <"$dir/err")" '3 3'
like 'an id of any size comes back as it was' "$(tail -n 1 "$dir/out")" '"head":12345678901,"rows":\[12345678901\]'
unlike 'every number is finite' "$(cat "$dir/out")" '[:,](-?nan|-?inf)'
done_testing
