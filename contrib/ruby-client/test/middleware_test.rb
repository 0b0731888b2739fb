# frozen_string_literal: true

# Sidekiq's and Rack's middlewares beside stand-ins of both; syntax of all files. SPDX-License-Identifier: BSD-2-Clause
require_relative "helper"

class MiddlewareTest < HdaTest
  SIDEKIQ = <<-'RUBY'
    module Sidekiq
      Chain = Struct.new(:list) { def prepend(k) = list.unshift(k) }
      CHAIN = Chain.new([:other])
      def self.configure_server = yield(self)
      def self.server_middleware = yield(CHAIN)
      def self.logger = @logger ||= Struct.new(:lines) { def warn(l) = lines << l }.new([])
    end
    require "hda/sidekiq"
    class MailJob; end
    m = Sidekiq::CHAIN.list[0].new
    p Sidekiq::CHAIN.list.size, m.call(MailJob.new, {}, "default") { :result }
    begin
      m.call(MailJob.new, {}, "default") { raise "job failed" }
    rescue RuntimeError => e
      p e.message
    end
    p Hda.status[:jobs]
    Hda.dump!
    till = Process.clock_gettime(Process::CLOCK_MONOTONIC) + 10
    sleep 0.01 while Sidekiq.logger.lines.empty? && Process.clock_gettime(Process::CLOCK_MONOTONIC) < till
    p Sidekiq.logger.lines.size
  RUBY

  RACK = <<-'RUBY'
    require "hda/rack"
    app = Hda::Rack.new(->(env) { env[:raise] ? raise("request failed") : [200, {}, ["body"]] })
    p app.call({})
    begin
      app.call({ raise: true })
    rescue RuntimeError => e
      p e.message
    end
    p Hda.status[:jobs], Thread.list.size
  RUBY

  def test_sidekiq
    out, err, = ruby(SIDEKIQ, { "HDA_SOCKET" => "/nonexistent/sock" })
    assert_equal ["2", ":result", '"job failed"', "2", "1"], out.split("\n"), err
  end

  def test_rack
    out, err, = ruby(RACK, { "HDA_SOCKET" => "/nonexistent/sock" })
    assert_equal ['[200, {}, ["body"]]', '"request failed"', "2", "2"], out.split("\n"), err
  end

  def test_without_sidekiq_it_loads_and_does_nothing
    out, err, good = ruby('require "hda/sidekiq"; p Hda.started?')
    assert good, err
    assert_equal "false\n", out
  end

  def test_no_warnings
    files = Dir["#{LIB}/**/*.rb"].map { |f| f.delete_prefix("#{LIB}/").delete_suffix(".rb") }
    files.delete("hda/rails") unless ruby('require "rails/railtie"')[2]
    _, err, good = ruby(files.map { |f| "require #{f.inspect}\n" }.join, {}, "-w")
    assert good, err
    assert_empty err.lines.grep(/#{Regexp.escape(LIB)}/)
  end

  def test_syntax_of_ruby_2_7
    begin
      require "parser/ruby27"
    rescue LoadError
      skip "no ruby-whitequark-parser"
    end
    files = Dir["#{LIB}/**/*.rb"]
    assert_operator files.size, :>=, 9
    files.each do |f|
      parser = Parser::Ruby27.new
      parser.diagnostics.all_errors_are_fatal = true
      assert parser.parse(Parser::Source::Buffer.new(f, source: File.read(f))), f
    end
    parser = Parser::Ruby27.new
    parser.diagnostics.all_errors_are_fatal = true
    assert_raises(Parser::SyntaxError) { parser.parse(Parser::Source::Buffer.new("x", source: "def a = 1\nx => y")) }
  end
end
