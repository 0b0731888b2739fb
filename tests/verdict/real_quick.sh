#!/bin/sh
# Real Ruby, from bytes to verdict, in small: three leaks and three caches, traced and untraced. All of them: make score-real.
. "$top_srcdir/tests/tap.sh"
ruby=${RUBY:-ruby}
command -v "$ruby" >/dev/null 2>&1 || skip_all 'no ruby'
"$ruby" --disable-gems -robjspace -e 'exit(RUBY_VERSION.to_f >= 2.7 && Process.respond_to?(:fork) ? 0 : 1)' || skip_all 'this ruby is too old, or cannot fork'
cases='class_memo one_per_20 finalizers lru ttl sessions'
case ${HDA_TEST_PART:-} in
'') ;;
1/*) cases='class_memo finalizers ttl' ;;
*) cases='one_per_20 lru sessions' ;;
esac
[ -z "${HDA_TEST_PART:-}" ] || diag "part $HDA_TEST_PART: $cases"
# The dumps are Ruby's, whatever the build: .ci/run, which tests several, keeps them in $HDA_TEST_CACHE.
exec "$ruby" --disable-gems "$top_srcdir/tests/verdict/real_score.rb" --tap ${HDA_TEST_CACHE:+--keep "$HDA_TEST_CACHE/real"} -n 6,10 "$top_builddir/hdactl" $cases
