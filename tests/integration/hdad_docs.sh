# The documents say what the tables say; the manuals are well formed; every option stands in the manual.
. "$top_srcdir/tests/tap.sh"
. "$top_srcdir/tests/integration/lib.sh"
mkdir -p "$work/tree/doc" "$work/tree/contrib/systemd" "$work/tree/tests/fuzz/corpus/config"
cp "$top_srcdir/doc/hda.conf.5" "$top_srcdir/doc/hdad.8" "$work/tree/doc"
chmod u+w "$work"/tree/doc/*
"$top_srcdir/tests/integration/update-docs.sh" "$top_builddir/tests/unit/daemon/tables" "$work/tree"
for f in contrib/systemd/hda.conf tests/fuzz/corpus/config/sample doc/hda.conf.5 doc/hdad.8; do
	is "$f is up to date (else: tests/integration/update-docs.sh)" "$(diff "$top_srcdir/$f" "$work/tree/$f" | head -5)" ""
done
is 'the sample changes nothing' "$("$hdad" --check-config -c "$top_srcdir/contrib/systemd/hda.conf")" "$top_srcdir/contrib/systemd/hda.conf: ok"
sed 's/^#\([a-z_]* = \)/\1/' "$top_srcdir/contrib/systemd/hda.conf" >"$work/all.conf"
is 'every option of the sample can be given' "$("$hdad" --check-config -c "$work/all.conf" 2>&1)" "$work/all.conf: ok"
ok 'the sample has options' [ "$(grep -c '^[a-z_]* = ' "$work/all.conf")" -ge 20 ]
for o in $("$hdad" --help | grep -o -- '--[a-z-]*' | sort -u); do
	ok "hdad.8 has $o" grep -q "Fl -${o#--}" "$top_srcdir/doc/hdad.8"
done
if command -v mandoc >/dev/null; then
	for f in doc/hdad.8 doc/hda.conf.5; do is "mandoc likes $f" "$(mandoc -T lint -W warning "$top_srcdir/$f" 2>&1 | grep -v 'no such manual\|lower case')" ''; done
else
	skip 'mandoc likes the manuals' 'no mandoc'
fi
done_testing
