# tests/verdict: the verdict behind the JSON of its specification (needs jansson), and its score.
if HAVE_JANSSON
noinst_PROGRAMS += tests/verdict-json
endif
tests_verdict_json_SOURCES = tests/verdict/verdict_json.c
tests_verdict_json_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tests_verdict_json_LDADD = libhda.a $(HDA_LIBS) $(JANSSON_LIBS)

TESTS += tests/verdict/odd_input.sh tests/verdict/agree.sh tests/verdict/real_quick.sh
EXTRA_DIST += tests/verdict/odd_input.sh tests/verdict/agree.sh tests/verdict/agree.py tests/verdict/real_quick.sh tests/verdict/families.py tests/verdict/families_app.py tests/verdict/families_pause.py

# make score: the table of the verdict on the given scenarios; not part of make check.
score: tests/verdict-json$(EXEEXT)
	@py=python3; $$py -c 'import numpy' 2>/dev/null || py=/usr/bin/python3; dir="$${HDA_SHARED:-$(abs_top_srcdir)/../shared}/verdict"; \
	if [ -d "$$dir" ]; then $$py "$$dir/run.py" -n 5,10,20,50 "$$dir/scenarios" "$$dir/real/series" -- $(abs_builddir)/tests/verdict-json; \
	else echo "score: skipped: no $$dir"; fi

# make score-new: the same on families that the specification does not have (families.py, families_app.py and families_pause.py, made here).
score-new: tests/verdict-json$(EXEEXT)
	@py=python3; $$py -c 'import numpy' 2>/dev/null || py=/usr/bin/python3; dir="$${HDA_SHARED:-$(abs_top_srcdir)/../shared}/verdict"; new=$$(mktemp -d); \
	if [ -d "$$dir" ]; then $$py $(srcdir)/tests/verdict/families.py $$new && $$py $(srcdir)/tests/verdict/families_app.py $$new && \
		$$py $(srcdir)/tests/verdict/families_pause.py $$new && \
		$$py "$$dir/run.py" -n 5,10,20,50 $$new -- $(abs_builddir)/tests/verdict-json; \
	else echo "score-new: skipped: no $$dir"; fi; rm -rf $$new

# make score-real: real Ruby processes that leak or do not, their dumps through hdactl. What gems it uses: tests/verdict/real_cases.rb.
score-real: hdactl$(EXEEXT)
	$${RUBY:-ruby} $(srcdir)/tests/verdict/real_score.rb $(abs_builddir)/hdactl
EXTRA_DIST += tests/verdict/README.md tests/verdict/real_cases.rb tests/verdict/real_score.rb
.PHONY: score score-new score-real
