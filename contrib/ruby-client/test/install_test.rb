# frozen_string_literal: true

# The install lines that neither Rails nor Sidekiq's configuration stands behind. SPDX-License-Identifier: BSD-2-Clause
require_relative "helper"

class InstallTest < HdaTest
  NOWHERE = { "HDA_SOCKET" => "/nonexistent/sock" }.freeze

  def there?(library)
    ruby("require #{library.inspect}")[2]
  end

  # As Resque's worker does it: the hooks in the worker, then a process for the job, and around the job its class's own hooks.
  RESQUE = <<-'RUBY'
    module Resque
      HOOKS = []
      def self.before_fork(&hook) = HOOKS << hook
      Job = Struct.new(:payload_class_name, :args) do
        def perform
          klass = Object.const_get(payload_class_name)
          around = klass.methods.grep(/\Aaround_perform/).sort
          around.inject(-> { klass.perform(*args) }) { |inner, hook| -> { klass.public_send(hook, *args, &inner) } }.call
        end
      end
      def self.work_forking(job)
        HOOKS.each { |h| h.call(job) }
        before = Hda.status[:jobs]
        pid = fork { job.perform; exit!(Hda.status[:jobs] == before ? 0 : 1) } # what it would count is gone with it
        Process.wait2(pid)[1].exitstatus
      end
    end
    require "hda/resque"
    class MailJob
      extend Hda::Resque
      def self.perform(what, fail = false) = fail ? raise("job failed") : what
    end
    mix = -> { Hda.instance_variable_get(:@agent).taken("demand")["job_mix"] }
  RUBY

  def test_a_resque_worker_counts_the_jobs_it_forks_for
    out, err, = ruby(RESQUE + <<-'RUBY', NOWHERE)
      p Array.new(3) { Resque.work_forking(Resque::Job.new("MailJob", ["x"])) }
      p Resque::HOOKS.size, Hda::Resque.install, Resque::HOOKS.size
      p Hda.status[:jobs], mix.call
    RUBY
    assert_equal ["[0, 0, 0]", "1", "true", "1", "3", '{"MailJob"=>3}'], out.split("\n"), err
  end

  def test_a_resque_worker_that_does_not_fork
    out, err, = ruby(RESQUE + <<-'RUBY', NOWHERE.merge("FORK_PER_JOB" => "false"))
      p Resque::Job.new("MailJob", ["x"]).perform
      begin
        Resque::Job.new("MailJob", ["x", true]).perform
      rescue RuntimeError => e
        p e.message
      end
      p Resque::HOOKS.size, Hda.status[:jobs], mix.call
    RUBY
    assert_equal ['"x"', '"job failed"', "1", "2", '{"MailJob"=>2}'], out.split("\n"), err
  end

  def test_active_job_without_rails
    skip "no ActiveJob" unless there?("active_job")
    out, err, = ruby(<<-'RUBY', NOWHERE)
      require "active_job"
      require "hda/active_job"
      p Hda.started?
      ActiveJob::Base.logger = nil
      class ApplicationJob < ActiveJob::Base
        include Hda::ActiveJob
        self.queue_adapter = :inline
      end
      class MailJob < ApplicationJob
        def perform(again = true) = again && MailJob.perform_later(false) # a job inside of a job is part of it
      end
      2.times { MailJob.perform_later }
      p Hda.status[:jobs], Hda.instance_variable_get(:@agent).taken("demand")["job_mix"]
    RUBY
    assert_equal ["false", "2", '{"MailJob"=>2}'], out.split("\n"), err
  end

  # As after Bundler.require: what a program names is there, and what it does not name is not loaded.
  def test_hda_alone_is_enough_to_name_a_middleware
    out, err, = ruby(<<-'RUBY', NOWHERE)
      require "hda"
      loaded = -> { %w[rack active_job resque].select { |f| $LOADED_FEATURES.any? { |l| l.end_with?("/hda/#{f}.rb") } } }
      p loaded.call, Hda::Rack.new(->(env) { env }).call(7), loaded.call
      p Class.new { def self.around_perform; end; include Hda::ActiveJob }.include?(Hda::ActiveJob), Class.new { extend Hda::Resque }.singleton_class.include?(Hda::Resque)
    RUBY
    assert_equal ["[]", "7", '["rack"]', "true", "true"], out.split("\n"), err
  end

  # As an initializer may have it: Hda.start(enabled: Rails.env.production?)
  def test_what_was_switched_off_is_not_started_by_a_middleware
    out, err, = ruby(<<-'RUBY', NOWHERE)
      module Sidekiq
        def self.configure_server = yield(Struct.new(:x) { def server_middleware = nil }.new)
      end
      module Resque
        def self.before_fork; end
      end
      require "hda"
      p Hda.start(enabled: false)
      %w[rack sidekiq resque active_job].each { |f| require "hda/#{f}" }
      Hda::Rack.new(->(env) { env })
      Class.new { def self.around_perform; end; include Hda::ActiveJob }
      p Hda.started?
      Hda::Counting.start(enabled: true)
      p Hda.started?
    RUBY
    assert_equal %w[false false true], out.split("\n"), err
  end

  # --- RUBYOPT=-rhda/auto ---

  # Without -I: RUBYOPT alone, as the README says, and by the whole path where the gem is in nobody's load path.
  def by_environment(code, env, option = "-r#{LIB}/hda/auto")
    Open3.capture3({ "RUBYLIB" => nil, "HDA" => nil, "HEAP_DUMP" => nil }.merge(NOWHERE, env, "RUBYOPT" => option), RbConfig.ruby, stdin_data: code)
  end

  def test_auto_starts_by_environment_only
    { { "HDA" => "1" } => true, {} => false, { "HDA" => "0" } => false, { "HEAP_DUMP" => "true" } => true,
      { "HEAP_DUMP" => "true", "HDA" => "0" } => false, { "HEAP_DUMP" => "1" } => false }.each do |env, started|
      out, err, = by_environment("p Hda.started?, Hda.tracing?", env)
      assert_equal "#{started}\n#{started && env.key?('HEAP_DUMP')}\n", out, "#{env} #{err}"
    end
    out, err, = by_environment("p Hda.started?", { "HDA" => "1", "HDA_EVERY" => "abc" })
    assert_equal ["true\n", 1], [out, err.lines.size]
    out, err, = by_environment("p Hda.started?", { "HDA" => "1", "RUBYLIB" => LIB }, "-rhda/auto")
    assert_equal "true\n", out, err
  end

  def test_auto_counts_in_a_sidekiq_server_and_not_in_a_client
    skip "no sidekiq" unless there?("sidekiq")
    chain = "p Sidekiq.server_middleware.entries.count { |e| e.klass.name == 'Hda::Sidekiq::Middleware' }"
    out, err, = by_environment("require 'sidekiq/cli'\n#{chain}\nrequire 'hda/sidekiq'\n#{chain}", { "HDA" => "1" })
    assert_equal "1\n1\n", out, err
    out, err, = by_environment("require 'hda/sidekiq'\nrequire 'sidekiq/cli'\n#{chain}", { "HDA" => "1" })
    assert_equal "1\n", out, err
    out, err, = by_environment("require 'sidekiq'\n#{chain}", { "HDA" => "1" })
    assert_equal "0\n", out, err
  end

  # --- where it does nothing ---

  # Another engine, or Windows: what the gem needs may not even be there to be loaded.
  ELSEWHERE = <<-'RUBY'
    $VERBOSE = nil
    RUBY_ENGINE = ENV.fetch("ENGINE") if ENV["ENGINE"]
    Process.singleton_class.undef_method(:fork) unless ENV["ENGINE"]
    $VERBOSE = false
    Object.prepend(Module.new { def require(f) = %w[socket etc objspace io/nonblock].include?(f) ? raise(LoadError, f) : super })
    %w[hda hda/auto hda/rack hda/sidekiq hda/resque].each { |f| require f }
    p Hda.start(app: "x"), Hda.start, Hda.tick, Hda.dump!, Hda.status.values_at(:state, :jobs), Hda.trace(1) { :value }, Hda.trace(1), Hda.started?, Hda.tracing?, Hda.stop
    p Hda::Rack.new(->(env) { env }).call(7), Hda::Sidekiq::Middleware.new.call(1, {}, "q") { :job }, Thread.list.size
  RUBY

  def test_elsewhere_it_loads_and_says_so_once
    [{ "ENGINE" => "truffleruby" }, { "ENGINE" => "jruby" }, {}].each do |env|
      out, err, good = ruby(ELSEWHERE, NOWHERE.merge("HDA" => "1").merge(env))
      why = "hda does nothing on #{env.fetch('ENGINE', 'ruby')} #{RUBY_PLATFORM}: it needs MRI and fork"
      assert good, err
      assert_equal ["false", "false", "nil", why.inspect, "[:off, 0]", ":value", "false", "false", "false", "nil", "7", ":job", "1"], out.split("\n")
      assert_equal 1, err.lines.grep(/\Ahda: does nothing on #{env.fetch('ENGINE', 'ruby')} /).size, err
    end
  end

  # Where nobody said that there is a daemon, and there is none, nothing is logged; else one line.
  def test_without_a_daemon_nothing_is_said_unless_somebody_said_there_is_one
    code = <<-RUBY
      require "hda"
      Hda.start(**(ENV["GIVEN"] ? { socket: ENV["GIVEN"] } : {}))
      # Whatever runs on this machine: no daemon is at the default's place.
      Hda.instance_variable_get(:@agent).instance_variable_get(:@config).instance_variable_set(:@socket, "/nonexistent/sock")
      Hda.tick
      Hda.dump!(wait: 20)
      p Hda.status[:failures]
    RUBY
    { {} => 0, { "HDA" => "1" } => 1, { "HDA_SOCKET" => "/nonexistent/sock" } => 1, { "GIVEN" => "/nonexistent/sock" } => 1 }.each do |env, lines|
      out, err, = ruby(code, env)
      assert_equal "{:absent=>1}\n", out, err
      assert_equal lines, err.lines.size, "#{env}: #{err}"
    end
  end
end
