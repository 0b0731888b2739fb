#!/bin/sh
# The C verdict agrees with the reference on every given scenario.
. "$top_srcdir/tests/tap.sh"
[ -x "$top_builddir/tests/verdict-json" ] || skip_all 'built without jansson'
[ -f "$HDA_SHARED/verdict/leakdet.py" ] || skip_all 'the reference is not here'
python=/usr/bin/python3
[ -x "$python" ] || skip_all 'no python3'
exec "$python" "$top_srcdir/tests/verdict/agree.py" "$top_builddir/tests/verdict-json" "$HDA_SHARED/verdict" 5 10 20 50
