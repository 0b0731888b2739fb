# frozen_string_literal: true

# Sidekiq's middleware interface as each major version has it: 4.2, 5.2, 6.x, 7.x, 8.x. The stand-ins have that version's shape of
# Sidekiq.configure_server and of the chain, and nothing else: a call that a version does not know raises. Real 6.4 is used where it
# is installed, here and in tests/integration/sidekiq.sh. SPDX-License-Identifier: BSD-2-Clause
require_relative "helper"

class SidekiqContractTest < HdaTest
  # Up to 6.4 the block gets the module Sidekiq itself; from 6.5 a configuration object (in 7 and 8 a Config). The chain of 4.2 to 6.4
  # makes its middlewares by `klass.new(*args)`; from 6.5 also hands its configuration to those that ask for it by `config=`, and since
  # 7 an entry is made with that configuration. From 7 on add, prepend and remove are what is left of the chain's own ways in.
  CHAIN = <<-'RUBY'
    class Chain
      Entry = Struct.new(:klass, :args, :config) do
        def make
          k = klass.new(*args)
          k.config = config if config && k.respond_to?(:config=)
          k
        end
      end
      attr_reader :entries
      def initialize(config = nil)
        @config = config
        @entries = []
      end
      def remove(klass) = @entries.delete_if { |e| e.klass == klass }
      def add(klass, *args)
        remove(klass)
        @entries << Entry.new(klass, args, @config)
      end
      def prepend(klass, *args)
        remove(klass)
        @entries.insert(0, Entry.new(klass, args, @config))
      end
      def insert_before(old, *) = (@entries.any? { |e| e.klass == old } or raise NameError, "#{old} is not here")
      # As each version's invoke: nested, and the value of the innermost.
      def invoke(*args, &work)
        list = @entries.map(&:make)
        walk = -> { list.empty? ? work.call : list.shift.call(*args, &walk) }
        walk.call
      end
    end
  RUBY
  # The module as configuration, with a logger that is made by it.
  OLD = <<-'RUBY'
    module Sidekiq
      VERSION = "%s"
      def self.server? = true
      def self.configure_server = yield(self)
      def self.server_middleware
        @chain ||= Chain.new
        yield @chain if block_given?
        @chain
      end
      def self.logger = (require "logger"; @logger ||= Logger.new($stderr))
      def self.chain = @chain
    end
  RUBY
  # 6.5: Sidekiq is its own configuration, and hands itself to the middlewares.
  MIDDLE = OLD.sub("Chain.new", "Chain.new(self)")
  # 7 and 8: a Config that alone knows server_middleware; Sidekiq.server_middleware is gone. Jobs are Sidekiq::Job.
  NEW = <<-'RUBY'
    module Sidekiq
      VERSION = "%s"
      class Config
        def server_middleware
          @chain ||= Chain.new(self)
          yield @chain if block_given?
          @chain
        end
        def logger = (require "logger"; @logger ||= Logger.new($stderr))
      end
      def self.server? = true
      def self.default_configuration = @config ||= Config.new
      def self.configure_server = yield(default_configuration)
      def self.logger = default_configuration.logger
      def self.chain = default_configuration.server_middleware
    end
  RUBY
  VERSIONS = { "4.2.10" => OLD, "5.2.10" => OLD, "6.4.1" => OLD, "6.5.12" => MIDDLE, "7.3.9" => NEW, "8.0.5" => NEW }.freeze
  USE = <<-'RUBY'
    class Other
      def call(_worker, _job, _queue)
        $order << :other
        yield
      end
    end
    $order = []
    Sidekiq.configure_server { |c| c.server_middleware { |chain| chain.add(Other) } }
    require "hda/sidekiq"
    Sidekiq.configure_server { |c| c.server_middleware { |chain| chain.prepend(Hda::Sidekiq::Middleware) } } # twice is once
    chain = Sidekiq.chain
    class MailJob; end
    job = { "class" => "MailJob", "jid" => "1", "args" => [Object.new] }
    p chain.entries.map { |e| e.klass.name }
    p chain.invoke(MailJob.new, job, "default") { $order << :job; :value }
    p $order
    begin
      chain.invoke(MailJob.new, job, "default") { raise "failed" }
    rescue RuntimeError => e
      p e.message
    end
    p catch(:out) { chain.invoke(MailJob.new, job, "default") { throw :out, :thrown } }
    p Hda.status[:jobs], Hda.status[:failures]
  RUBY

  VERSIONS.each do |version, shape|
    define_method("test_sidekiq_#{version}") do
      out, err, good = ruby(CHAIN + format(shape, version) + USE, { "HDA_SOCKET" => "/nonexistent/sock" })
      assert good, err
      assert_equal ['["Hda::Sidekiq::Middleware", "Other"]', ":value", "[:other, :job]", '"failed"', ":thrown", "3", "{}"], out.split("\n"), err
    end
  end

  # The real chain of the Sidekiq that is installed, as its server would use it.
  def test_the_real_one
    real = <<-'RUBY'
      require "sidekiq"
      require "sidekiq/cli"
      module Sidekiq; def self.chain = server_middleware; end
    RUBY
    _, _, there = ruby("require 'sidekiq'")
    skip "no sidekiq" unless there
    use = USE.sub("p chain.entries.map { |e| e.klass.name }", "p chain.entries.map { |e| e.klass.name }.first(1)")
    out, err, good = ruby(real + use, { "HDA_SOCKET" => "/nonexistent/sock" })
    assert good, err
    assert_equal ['["Hda::Sidekiq::Middleware"]', ":value", "[:other, :job]", '"failed"', ":thrown", "3", "{}"], out.split("\n"), err
  end
end
