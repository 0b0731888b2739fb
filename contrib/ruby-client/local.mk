# contrib/ruby-client: the gem hda. Every file of it is listed: make dist carries the gem whole.
RUBY_CLIENT = contrib/ruby-client
EXTRA_DIST += \
	$(RUBY_CLIENT)/README.md $(RUBY_CLIENT)/CHANGELOG.md $(RUBY_CLIENT)/hda.gemspec $(RUBY_CLIENT)/lib/hda.rb \
	$(RUBY_CLIENT)/lib/hda/agent.rb $(RUBY_CLIENT)/lib/hda/auto.rb $(RUBY_CLIENT)/lib/hda/child.rb \
	$(RUBY_CLIENT)/lib/hda/config.rb $(RUBY_CLIENT)/lib/hda/host.rb $(RUBY_CLIENT)/lib/hda/rack.rb \
	$(RUBY_CLIENT)/lib/hda/sidekiq.rb $(RUBY_CLIENT)/lib/hda/version.rb $(RUBY_CLIENT)/lib/hda/wire.rb \
	$(RUBY_CLIENT)/test/tap.rb $(RUBY_CLIENT)/test/helper.rb $(RUBY_CLIENT)/test/agent_test.rb \
	$(RUBY_CLIENT)/test/config_test.rb $(RUBY_CLIENT)/test/fork_test.rb $(RUBY_CLIENT)/test/middleware_test.rb \
	$(RUBY_CLIENT)/test/wire_test.rb
