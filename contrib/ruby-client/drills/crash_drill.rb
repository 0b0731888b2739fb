# frozen_string_literal: true

# Dumps in a row beside eight busy threads, under GC.stress, with compaction: no crash, no leak of anything.
# HDA_DRILL_DUMPS: 200 in `make drills`, 16 in `make check`. SPDX-License-Identifier: BSD-2-Clause
require_relative "helper"

class CrashDrill < DrillTest
  PROGRAM = <<-'RUBY'
    require "hda"
    require "json"
    DUMPS = Integer(ENV.fetch("DUMPS"))
    KEEP = Array.new(10_000) { |i| "keep #{i} " * 3 }
    NOW = -> { Process.clock_gettime(Process::CLOCK_MONOTONIC) }
    stop = false
    jobs = Array.new(8, 0)
    threads = Array.new(8) do |k|
      Thread.new do
        until stop
          case k
          when 0..4 then Array.new(200) { |i| { i => "busy #{i}" } }
          when 5 then File.read("/proc/self/status").lines.map(&:split)
          when 6 then Thread.new { "short" * 10 }.join
          else [1, 2, 3].each_slice(2).to_a.inspect.to_sym
          end
          jobs[k] += 1
          Thread.pass
        end
      end
    end
    # A dump is counted a moment before its connection is closed: the least of some looks.
    seen = lambda do
      { fds: Array.new(20) { sleep(0.01) && Dir.children("/proc/self/fd").size }.min, threads: Thread.list.size,
        rss: File.read("/proc/self/status")[/VmRSS:\s+(\d+)/, 1].to_i,
        children: Dir["/proc/self/task/*/children"].sum { |f| File.read(f).split.size rescue 0 } }
    end
    Hda.start(every: 1 << 40)
    early = nil
    DUMPS.times do |i|
      till = NOW.call + 60
      # The dump before may have been counted a moment before it is over.
      sleep 0.001 until Hda.dump! == true || NOW.call > till
      Hda.tick("Drill")
      GC.compact if i % 10 == 3 && GC.respond_to?(:compact)
      GC.stress = true if i % 10 == 6
      calm = NOW.call + 2 # every allocation of nine threads is a collection: long enough
      done = -> { s = Hda.status; s[:dumps] + s[:failures].values.sum > i }
      # The stress is for the moments around the fork: the dump itself is not in this process.
      sleep 0.01 until done.call || Hda.status[:attempts] > i || NOW.call > (GC.stress ? calm : till)
      GC.stress = false
      sleep 0.01 until done.call || NOW.call > till
      early = seen.call if i == DUMPS / 5
    end
    stop = true
    threads.each(&:join)
    puts JSON.generate(early: early, late: seen.call, status: Hda.status, busy: jobs.min, compacted: GC.stat[:compact_count])
  RUBY

  def test_dumps_in_a_row_beside_eight_threads_under_stress_and_compaction
    dumps = number("HDA_DRILL_DUMPS", 16)
    r = program(PROGRAM, environment(DUMPS: dumps.to_s))
    status = r["status"]
    assert_equal [dumps, dumps, {}], status.values_at("dumps", "attempts", "failures")
    assert_operator r["busy"], :>, 0, "each thread worked"
    assert_operator r["compacted"], :>=, dumps / 10
    early, late = r.values_at("early", "late")
    assert_equal 0, late["children"], "no child is left"
    assert_operator late["fds"], :<=, early["fds"], "no descriptor is lost"
    assert_operator late["threads"], :<=, early["threads"] - 8 + 1, "no thread is lost"
    assert_operator late["rss"], :<, early["rss"] * 1.3 + 10_000, "memory is flat"
    stored = @daemon.dumps
    assert_equal [dumps, [false], 0], [stored.size, stored.map { |d| d["partial"] }.uniq, stored.sum { |d| d["bad_lines"] }]
    puts "# #{dumps} dumps: RSS #{early['rss'] / 1024} MB after #{dumps / 5 + 1} of them, #{late['rss'] / 1024} MB after all; " \
         "#{r['compacted']} compactions; the least busy thread did #{r['busy']} rounds"
  end
end
