# frozen_string_literal: true

# Allocation tracing: for as long as somebody asked, and no longer. Each in a process of its own: it is one switch for all.
# SPDX-License-Identifier: BSD-2-Clause
require_relative "helper"

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
    [0, -1, nil, "5", Object].each { |n| assert_raises(ArgumentError) { Hda.trace(n) { flunk } } }
  end
end
