# contrib/ruby-client: the gem hda. Every file of it is listed: make dist carries the gem whole.
RUBY_CLIENT = contrib/ruby-client
EXTRA_DIST += \
	$(RUBY_CLIENT)/README.md $(RUBY_CLIENT)/LICENSE $(RUBY_CLIENT)/CHANGELOG.md $(RUBY_CLIENT)/hda.gemspec \
	$(RUBY_CLIENT)/lib/hda.rb $(RUBY_CLIENT)/lib/hda/active_job.rb $(RUBY_CLIENT)/lib/hda/agent.rb \
	$(RUBY_CLIENT)/lib/hda/ask.rb $(RUBY_CLIENT)/lib/hda/auto.rb $(RUBY_CLIENT)/lib/hda/child.rb \
	$(RUBY_CLIENT)/lib/hda/clock.rb $(RUBY_CLIENT)/lib/hda/config.rb $(RUBY_CLIENT)/lib/hda/control.rb $(RUBY_CLIENT)/lib/hda/counting.rb \
	$(RUBY_CLIENT)/lib/hda/dump.rb $(RUBY_CLIENT)/lib/hda/files.rb $(RUBY_CLIENT)/lib/hda/header.rb \
	$(RUBY_CLIENT)/lib/hda/host.rb $(RUBY_CLIENT)/lib/hda/link.rb $(RUBY_CLIENT)/lib/hda/names.rb $(RUBY_CLIENT)/lib/hda/postponed.rb \
	$(RUBY_CLIENT)/lib/hda/rack.rb $(RUBY_CLIENT)/lib/hda/rails.rb $(RUBY_CLIENT)/lib/hda/reporter.rb \
	$(RUBY_CLIENT)/lib/hda/resque.rb $(RUBY_CLIENT)/lib/hda/runner.rb $(RUBY_CLIENT)/lib/hda/sidekiq.rb $(RUBY_CLIENT)/lib/hda/stacks.rb \
	$(RUBY_CLIENT)/lib/hda/trace.rb $(RUBY_CLIENT)/lib/hda/version.rb $(RUBY_CLIENT)/lib/hda/wire.rb \
	$(RUBY_CLIENT)/sig/hda.rbs $(RUBY_CLIENT)/test/agent_test.rb $(RUBY_CLIENT)/test/config_test.rb \
	$(RUBY_CLIENT)/test/demand_test.rb $(RUBY_CLIENT)/test/fork_test.rb $(RUBY_CLIENT)/test/helper.rb \
	$(RUBY_CLIENT)/test/middleware_test.rb $(RUBY_CLIENT)/test/tap.rb $(RUBY_CLIENT)/test/wire_test.rb \
	$(RUBY_CLIENT)/test/README.md $(RUBY_CLIENT)/test/docs_test.rb $(RUBY_CLIENT)/test/failure_test.rb $(RUBY_CLIENT)/test/names_test.rb $(RUBY_CLIENT)/test/limits_test.rb $(RUBY_CLIENT)/test/rails_test.rb \
	$(RUBY_CLIENT)/test/dump_test.rb $(RUBY_CLIENT)/test/interface_test.rb $(RUBY_CLIENT)/test/runner_test.rb \
	$(RUBY_CLIENT)/test/install_test.rb $(RUBY_CLIENT)/test/link_test.rb $(RUBY_CLIENT)/test/never_test.rb $(RUBY_CLIENT)/test/trace_test.rb \
	$(RUBY_CLIENT)/test/schedule_test.rb $(RUBY_CLIENT)/test/sidekiq_contract_test.rb $(RUBY_CLIENT)/test/stacks_test.rb
EXTRA_DIST += \
	$(RUBY_CLIENT)/drills/rig.rb $(RUBY_CLIENT)/drills/helper.rb $(RUBY_CLIENT)/drills/crash_drill.rb \
	$(RUBY_CLIENT)/drills/promise_drill.rb $(RUBY_CLIENT)/drills/kill_drill.rb $(RUBY_CLIENT)/drills/kill_app.rb $(RUBY_CLIENT)/drills/soak.rb \
	$(RUBY_CLIENT)/drills/soak_app.rb $(RUBY_CLIENT)/drills/servers_drill.rb \
	$(RUBY_CLIENT)/drills/rubies/run.cjs $(RUBY_CLIENT)/drills/rubies/pure.rb

# The drills at full length, and the soak: 50 000 jobs with and without the gem (half an hour; SOAK_ROUNDS, SOAK_JOBS).
.PHONY: drills soak
RUN_DRILL = top_builddir='$(abs_top_builddir)' LC_ALL=C.UTF-8 $(RUBY) -I '$(abs_top_srcdir)/$(RUBY_CLIENT)/lib'
drills: all
	HDA_DRILL_DUMPS=200 HDA_DRILL_ROUNDS=100 HDA_DRILL_MB=1024 $(RUN_DRILL) $(srcdir)/$(RUBY_CLIENT)/test/tap.rb $(abs_top_srcdir)/$(RUBY_CLIENT)/drills/*_drill.rb
soak: all
	$(RUN_DRILL) $(srcdir)/$(RUBY_CLIENT)/drills/soak.rb

# Ruby 3.2 to 4.0 as WebAssembly, from npm, in the build tree: too big for `make check`.
.PHONY: check-rubies
check-rubies: all
	mkdir -p rubies && cd rubies && echo '{"private": true}' >package.json && npm install --no-audit --no-fund \
		@ruby/3.2-wasm-wasi @ruby/3.3-wasm-wasi @ruby/3.4-wasm-wasi @ruby/4.0-wasm-wasi && rm -f node_modules/@ruby/*/dist/ruby.debug+stdlib.wasm
	$(MAKE) check TESTS=tests/integration/ruby_others.sh
CLEAN_RUBIES = rubies
clean-local: clean-rubies
.PHONY: clean-rubies
clean-rubies:
	rm -rf $(CLEAN_RUBIES)
