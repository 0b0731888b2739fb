# frozen_string_literal: true

# Allocation tracing: for as long as somebody asked, and no longer. Each in a process of its own: it is one switch for all.
# SPDX-License-Identifier: BSD-2-Clause
require_relative "helper"
require "minitest/mock"

class TraceTest < HdaTest
  HEAD = <<-'RUBY'
    require "hda"
    require "objspace"
    def site = ObjectSpace.allocation_sourcefile(Object.new) ? :site : :none
    def start(**o) = Hda.start(socket: "/nonexistent/sock", logger: Struct.new(:x) { def warn(_) = nil }.new, **o)
    def till(s = 20)
      limit = Process.clock_gettime(Process::CLOCK_MONOTONIC) + s
      sleep 0.01 until yield || Process.clock_gettime(Process::CLOCK_MONOTONIC) > limit
    end
  RUBY

  def said(code)
    out, err, good = ruby(HEAD + code, { "SOCK" => @path })
    assert good, err
    out.split("\n")
  end

  def test_a_block_is_traced_and_gives_its_value
    assert_equal %w[none false :value none true site none], said(<<-'RUBY').map { |l| l.delete_prefix("\"") }
      puts site
      p Hda.trace(5)
      inside = nil
      p Hda.trace(5) { inside = [Hda.tracing?, site]; :value }
      puts site, *inside
      begin
        Hda.trace(5) { raise "of the block" }
      rescue RuntimeError
        puts site
      end
    RUBY
  end

  def test_in_the_background_it_ends_by_itself
    serve { |s, _| s.take }
    assert_equal %w[true site true none false], said(<<-'RUBY')
      start(socket: ENV.fetch("SOCK"))
      Hda.tick
      till { Hda.status[:connected] } # now the hda thread sleeps, for a minute if nobody wakes it
      p Hda.trace(0.3)
      puts site
      till { !Hda.tracing? }
      p Hda.status[:thread]
      puts site
      p Hda.status[:traced]
    RUBY
  end

  # Nobody ticked yet, or hda is started anew, or not at all: what is traced for a while ends all the same.
  def test_it_ends_where_no_job_was_done_yet
    assert_equal %w[true false true false true false], said(<<-'RUBY')
      start
      p Hda.trace(0.2)
      till(10) { !Hda.tracing? }
      p Hda.tracing?, Hda.trace(0.2)
      start
      till(10) { !Hda.tracing? }
      p Hda.tracing?
      Hda.stop
      p Hda.trace(0.2) { till(10) { !Hda.tracing? }; !Hda.tracing? }, Thread.list.any? { |t| !t.equal?(Thread.current) && !t.join(10) }
    RUBY
  end

  # Ruby crashes where allocations are traced beside several Ractors.
  def test_not_beside_ractors
    out = said(<<-'RUBY')
      $VERBOSE = nil
      r = Ractor.new { Ractor.receive }
      Hda.start(trace: true)
      p Hda.tracing?, Hda.trace(1), Hda.trace(1) { [Hda.tracing?, ObjectSpace.allocation_sourcefile(Object.new)] }
      r.send(1)
      r.take
      sleep 0.01 while Ractor.count > 1
      p Hda.trace(1), Hda.tracing?
    RUBY
    assert_equal ["false", "false", "[false, nil]", "true", "true"], out
  end

  def test_in_a_signal_handler
    assert_equal ["[true, 7]", "true", "false", "[true, nil]", "false"], said(<<-'RUBY')
      seen = nil
      signal = lambda do |&work|
        seen = nil
        trap("USR2") { seen = work.call }
        Process.kill(:USR2, Process.pid)
        till { seen }
        p seen
      end
      start
      Hda.tick
      signal.call { [Hda.trace(0.3), Hda.trace(1) { 7 }] }
      till { Hda.tracing? }
      p Hda.tracing?
      till { !Hda.tracing? }
      p Hda.tracing?
      signal.call { [start(trace: true), Hda.stop] }
      till { !Hda.tracing? }
      p Hda.tracing?
    RUBY
  end

  def test_stop_ends_what_is_traced_in_the_background_and_no_block
    assert_equal %w[false true false], said(<<-'RUBY')
      start
      Hda.trace(60)
      Hda.stop
      p Hda.tracing?
      start
      Hda.trace(60) { Hda.trace(60); Hda.stop; p Hda.tracing? }
      p Hda.tracing?
    RUBY
  end

  def test_two_that_end_at_the_same_time_are_two
    Hda::Trace.stub(:mono, 5.0) do
      one, other = Array.new(2) { Hda::Trace.hold(60) }
      Hda::Trace.let_go(one)
      assert Hda.tracing?
      Hda::Trace.let_go(other)
      refute Hda.tracing?
    end
  end

  def test_the_longest_of_several_counts
    assert_equal %w[site site none], said(<<-'RUBY')
      start
      Hda.tick
      Hda.trace(60) { Hda.trace(60) { 1 }; puts site }
      Hda.trace(0.3)
      Hda.trace(60) { till { Hda::Trace.next_end - Process.clock_gettime(Process::CLOCK_MONOTONIC) > 30 }; puts site }
      puts site
    RUBY
  end

  def test_tracing_of_another_tool_goes_on
    assert_equal %w[site site none], said(<<-'RUBY')
      ObjectSpace.trace_object_allocations_start
      kept = Object.new
      Hda.trace(5) { 1 }
      puts site, ObjectSpace.allocation_sourcefile(kept) ? :site : :none
      ObjectSpace.trace_object_allocations_stop
      puts site
    RUBY
  end

  # What is known of objects is let go of with the tracing: it is memory, and of freed objects' addresses nothing is noted any more.
  def test_what_was_noted_goes
    assert_equal %w[site none], said(<<-'RUBY')
      kept = nil
      Hda.trace(5) { kept = Object.new; puts ObjectSpace.allocation_sourcefile(kept) ? :site : :none }
      puts ObjectSpace.allocation_sourcefile(kept) ? :site : :none
    RUBY
  end

  def test_a_forked_process_traces_only_what_is_for_ever
    assert_equal %w[none site site site], said(<<-'RUBY')
      $stdout.sync = true
      in_child = -> { Process.wait(fork { Hda.tick; puts site; exit!(0) }); puts site }
      start
      Hda.tick
      Hda.trace(60)
      in_child.call
      start(trace: true)
      Hda.tick
      in_child.call
    RUBY
  end

  def test_stop_and_start_anew
    assert_equal %w[site site none], said(<<-'RUBY')
      start(trace: true)
      puts site
      start(trace: true)
      puts site
      Hda.stop
      puts site
    RUBY
  end

  def test_a_wrong_number_raises
    [0, -1, nil, "5", Object, Float::NAN, Complex(1, 1)].each { |n| assert_raises(ArgumentError) { Hda.trace(n) { flunk } } }
  end
end
