# frozen_string_literal: true

# What the README promises, measured beside a real hdad: one tick, the pause of a fork, the daemon's leases, memory that is short.
# HDA_DRILL_MB: 1024 in `make drills`, 128 in `make check`. SPDX-License-Identifier: BSD-2-Clause
require_relative "helper"

class PromiseDrill < DrillTest
  LEASES = 2
  MEMBERS = 6

  def config
    "[ingest]\nmax_dumps = #{LEASES}\nretry_after = 100ms\n"
  end

  # Processor time of this thread, so that others on the machine do not count; the least of many rounds.
  TICK = <<-'RUBY'
    require "hda"
    require "json"
    Hda.start(every: 1 << 40)
    now = -> { Process.clock_gettime(Process::CLOCK_THREAD_CPUTIME_ID) }
    ROUNDS = 40
    N = 25_000
    class MailJob; end
    best = [nil, "MailJob", MailJob].map do |what|
      Hda.tick(what)
      least = Array.new(ROUNDS) do
        t = now.call
        i = 0
        while i < N
          Hda.tick(what)
          i += 1
        end
        now.call - t
      end.min
      empty = Array.new(ROUNDS) { t = now.call; i = 0; i += 1 while i < N; now.call - t }.min
      ((least - empty) / N * 1e9).round
    end
    before = GC.stat(:total_allocated_objects)
    i = 0
    while i < N
      Hda.tick(MailJob)
      i += 1
    end
    puts JSON.generate(ns: best, allocated: GC.stat(:total_allocated_objects) - before)
  RUBY

  def test_a_tick
    r = program(TICK, environment)
    puts format("# a tick: %d ns, with a name %d ns, with a class %d ns (promise: 200); %d objects in 25 000 ticks", *r["ns"], r["allocated"])
    assert_operator r["allocated"], :<, 1000, "no tick allocates; the thread of hda may, meanwhile"
    # Beside other work on the same core no time is certain; an allocation, a lock or a system call would cost more than this.
    assert_operator r["ns"].max, :<, 1000
  end

  # Much memory and few objects, every page of it written.
  PAUSE = <<-'RUBY'
    require "hda"
    require "json"
    KEEP = Array.new(Integer(ENV.fetch("MB"))) { |i| Array.new(131_072, i) }
    Hda.start(every: 1 << 40, deadline: 600)
    pauses = Array.new(3) { Hda.dump!(wait: true); Hda.status[:pause] }
    rss = File.read("/proc/self/status")[/VmRSS:\s+(\d+)/, 1].to_i
    puts JSON.generate(pauses: pauses, gb: rss / 1048576.0, status: Hda.status)
  RUBY

  def test_the_pause_of_a_large_process
    r = program(PAUSE, environment(MB: number("HDA_DRILL_MB", 128).to_s))
    assert_equal [3, {}], r["status"].values_at("dumps", "failures")
    per_gb = r["pauses"].map { |s| s * 1000 / r["gb"] }.sort
    puts format("# the fork of a process of %.2f GB: %s ms; %.1f ms per GB at best (promise: 10)", r["gb"],
                r["pauses"].map { |s| format("%.1f", s * 1000) }.join(", "), per_gb[0])
    assert_operator r["pauses"].min, :<, 0.5, "an in-process dump of this would stop it for longer"
  end

  def alive_children(pids)
    pids.flat_map { |pid| Rig.children(pid) }.count { |pid| Rig.running?(pid) }
  end

  MEMBER = <<-'RUBY'
    require "hda"
    KEEP = Array.new(100_000) { |i| "row #{i} " * 2 }
    Hda.start(every: 1 << 40)
    Hda.tick
    sleep 0.01 until File.exist?(ENV.fetch("GO"))
    # On a busy machine the daemon may take longer than the second that it has for an answer.
    answer = Hda.dump!(wait: true)
    answer = Hda.dump!(wait: true) while answer == "no answer"
    File.write("#{ENV.fetch("GO")}.#{Process.pid}", answer.to_s)
    sleep
  RUBY

  def test_one_host_dumps_at_most_as_many_at_once_as_the_daemon_leases
    go = "#{@dir}/go"
    pids = Array.new(MEMBERS) { Rig.launch(environment(GO: go), RbConfig.ruby, "-e", MEMBER, log: "#{@dir}/members.log", dir: @dir) }
    @pids.concat(pids)
    await("all are there") { (@daemon.report("ps")&.fetch("rows", []) || []).size == MEMBERS }
    FileUtils.touch(go)
    most = 0
    await("each has its answer", 90) { most = [most, alive_children(pids)].max; Dir["#{go}.*"].size == MEMBERS }
    assert_equal ["true"], Dir["#{go}.*"].map { |f| File.read(f) }.uniq, File.read("#{@dir}/members.log")
    # A child that has its ACK gives the lease back a moment before it is gone.
    assert_operator most, :<=, LEASES * 2
    assert_equal MEMBERS, @daemon.dumps.size
    puts "# #{MEMBERS} processes asked at once, #{LEASES} leases: at most #{most} children at a time"
  end

  SHORT = <<-'RUBY'
    require "hda"
    require "json"
    Hda.start(every: 1 << 40, headroom: 1e6)
    answers = Array.new(3) { Hda.dump!(wait: true) }
    puts JSON.generate(answers: answers, status: Hda.status)
  RUBY

  def test_no_fork_where_memory_is_short
    r = program(SHORT, environment)
    assert_equal 3, r["answers"].grep(/MB free, a dump wants \d+ MB/).size
    assert_equal [0, 0], r["status"].values_at("attempts", "dumps")
    assert_empty @daemon.dumps
  end
end
