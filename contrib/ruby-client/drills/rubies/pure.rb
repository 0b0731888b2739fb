# frozen_string_literal: true

# The gem's pure parts and their unit tests on a Ruby without processes, sockets and threads (WASI): the very same test files, less
# the cases that need one of these. Prints TAP lines; $hda_failed is their result. SPDX-License-Identifier: BSD-2-Clause
# So that test/helper.rb, which needs processes, is not read.
$LOADED_FEATURES << "/gem/test/helper.rb"
require "hda"
# What WASI has not; the counter only names these.
%w[socket etc objspace io/nonblock].each { |f| $LOADED_FEATURES << "#{f}.rb" }
require "hda/agent"
require "stringio"

# As much of minitest as these files use: the whole of it brings node's WASI down.
module Minitest
  class Assertion < StandardError; end

  def self.seed
    1
  end

  module Asserts
    def assert(good, text = nil)
      raise Assertion, text || "not true" unless good
    end

    def assert_equal(want, got, text = nil)
      assert(want == got, "#{text}: #{got.inspect} instead of #{want.inspect}")
    end

    def assert_operator(a, operator, b, text = nil)
      assert(a.public_send(operator, b), "#{text}: #{a.inspect} #{operator} #{b.inspect}")
    end

    def assert_includes(list, item, text = nil)
      assert(list.include?(item), "#{text}: #{item.inspect} in #{list.inspect}")
    end

    def assert_match(pattern, text, _more = nil)
      assert(pattern.match?(text), "#{text.inspect} like #{pattern.inspect}")
    end

    def refute_empty(list)
      assert(!list.empty?, "empty")
    end

    def assert_raises(kind, text = nil)
      kind, text = ArgumentError, kind if kind.is_a?(String)
      yield
    rescue kind => e
      e
    else
      raise Assertion, "#{text}: nothing raised"
    end

    def capture_io
      out, err = $stdout, $stderr
      $stdout, $stderr = StringIO.new, StringIO.new
      yield
      [$stdout.string, $stderr.string]
    ensure
      $stdout, $stderr = out, err
    end
  end
end

class HdaTest
  include Minitest::Asserts
end
NEED_MORE = { "WireTest" => %w[test_a_frame_in_single_bytes test_frames_that_are_refused test_silence_and_goodbye
                               test_an_answer_that_came_in_time_is_read_after_the_deadline],
              "ScheduleTest" => %w[test_nothing_but_counting_before_the_first_dump_is_due] }.freeze
%w[wire config schedule].each { |t| require "/gem/test/#{t}_test.rb" }

$hda_failed = 0
[WireTest, ConfigTest, ScheduleTest].each do |klass|
  (klass.instance_methods.grep(/\Atest_/).map(&:to_s).sort - NEED_MORE.fetch(klass.name, [])).each do |method|
    wrong = nil
    begin
      klass.new.public_send(method)
    rescue StandardError, ScriptError => e
      wrong = "#{e.class}: #{e.message} #{e.backtrace&.first}"
    end
    $hda_failed += 1 if wrong
    puts "#{wrong ? 'not ok' : 'ok'} - ruby #{RUBY_VERSION} #{klass.name}: #{method}"
    puts "# #{wrong[0, 400]}" if wrong
  end
end
# Nothing starts where there is no fork; it says so by false.
started = Hda.start(app: "x") || Hda.started?
$hda_failed += 1 if started && !Process.respond_to?(:fork)
puts "#{started ? 'not ok' : 'ok'} - ruby #{RUBY_VERSION} does not start without fork"
