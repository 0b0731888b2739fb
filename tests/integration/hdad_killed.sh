# kill -9 while retention thins and removes: what was acknowledged and not retired stays, and everything answers as if nothing had been.
. "$top_srcdir/tests/tap.sh"
. "$top_srcdir/tests/integration/lib.sh"
# killed_cases.py says one case a line: verdict, name, what it saw.
tab=$(printf '\t') ended=
python3 "$top_srcdir/tests/integration/killed_cases.py" "$top_srcdir" "$hdad" "$work" >"$work/cases" 2>"$work/err" ||
	diag "$(tail -5 "$work/err"; tail -20 "$work/log")"
while IFS=$tab read -r verdict name seen; do
	case $verdict in
	end) ok 'all cases were tried' true; ended=yes ;;
	skip) skip "$name" "$seen" ;;
	*) ok "$name" [ "$verdict" = ok ]; [ "$verdict" = ok ] || diag "$seen" ;;
	esac
done <"$work/cases"
[ "$ended" ] || ok 'all cases were tried' false
unlike 'no assertion, no sanitizer' "$(cat "$work/log")" 'bug:|Sanitizer|runtime error'
done_testing
