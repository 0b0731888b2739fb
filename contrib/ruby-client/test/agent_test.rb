# frozen_string_literal: true

# Dumps, and every way in which they fail. SPDX-License-Identifier: BSD-2-Clause
require_relative "helper"

class AgentTest < HdaTest
  W = Hda::Wire

  def test_a_dump
    d = serve { |s, _| s.take }
    a = agent(every: 6)
    5.times { a.tick("Mail") }
    assert_equal 0, d.sessions.size
    a.tick(String)
    await("a dump") { a.status[:dumps] == 1 }
    s = d.sessions[0]
    assert_equal ["ingest", W::MAGIC, Process.pid], s.hello.values_at("role", "m", "pid")
    assert_equal "every", s.want["reason"]
    h = s.header
    assert_equal [6, { "Mail" => 5, "String" => 1 }, 0, [2, 4]], [h["jobs"], h["job_mix"], h["seq"], h["marks"].map(&:first)]
    assert_equal RUBY_VERSION, h["ruby"]
    assert_operator h["gc"]["heap_live_slots"], :>, 1000
    assert_operator h["mem"]["rss"], :>, 1 << 20
    lines = 0
    last = nil
    s.each_line { |l| lines += 1; last = l }
    assert_operator lines, :>, 5000
    assert last.end_with?("}\n")
    assert_empty @log.lines
  end

  def test_distances_count_from_the_dump_before
    d = serve { |s, _| s.take }
    a = agent(every: 4)
    3.times { |i| 4.times { a.tick }; await("dump #{i}") { a.status[:dumps] == i + 1 && a.status[:state] == :idle } }
    assert_equal [[4, 0], [8, 1], [12, 2]], d.sessions.map { |s| s.header.values_at("jobs", "seq") }
  end

  def test_demand
    d = serve { |s, _| s.take }
    a = agent(every: 1000)
    3.times { a.tick }
    a.request(:demand)
    await("a dump") { a.status[:dumps] == 1 }
    assert_equal ["demand", 3], d.sessions[0].header.values_at("reason", "jobs")
  end

  def test_job_mix_is_bounded_and_odd_names_do_no_harm
    d = serve { |s, _| s.take }
    a = agent(every: 302)
    300.times { |i| a.tick("Job#{i}") }
    a.tick(Class.new { def self.name(_) = 1 }) rescue flunk("tick raised #{$!}")
    a.tick("x" * 1000)
    await("a dump") { a.status[:dumps] == 1 }
    mix = d.sessions[0].header["job_mix"]
    assert_equal [200, 302, 103], [mix.size, mix.values.sum, mix["other"]]
  end

  def test_absent_daemon_backs_off_with_one_line_and_finds_it_later
    a = agent
    a.tick
    await("a second attempt") { a.status[:failures][:absent] >= 2 }
    assert_equal :backoff, a.status[:state]
    assert_equal 1, @log.lines.size
    assert_match(/\Ahda: absent: no daemon at #{@path}/, @log.lines[0])
    assert_equal 0, a.status[:attempts]
    serve { |s, _| s.take }
    await("a dump") { a.status[:dumps] == 1 }
  end

  def test_full_backlog_is_backed_off_from
    serve(backlog: 0)
    fill = []
    begin
      loop { s = Socket.new(:UNIX, :STREAM, 0); fill << s; s.connect_nonblock(Socket.pack_sockaddr_un(@path)) }
    rescue IO::WaitWritable, Errno::EAGAIN
      nil
    end
    a = agent
    a.tick
    await_failure(a, :busy)
    await("backoff") { a.status[:state] == :backoff }
  ensure
    fill.each(&:close)
  end

  def test_socket_in_a_directory_of_everybody
    d = serve { |s, _| s.take }
    File.chmod(0o1777, @dir)
    a = agent
    a.tick
    await_failure(a, :socket)
    await("off") { a.status[:state] == :off }
    assert_match(/everybody may write/, @log.lines[0])
    assert_empty d.sessions
  end

  def test_socket_of_somebody_else
    skip "needs root" unless Process.euid.zero?
    d = serve { |s, _| s.take }
    File.chown(54_321, nil, @path)
    a = agent
    a.tick
    await_failure(a, :socket)
    assert_match(/belongs to somebody else/, @log.lines[0])
    assert_empty d.sessions
  end

  def test_no_socket_at_all
    File.write(@path, "")
    a = agent
    a.tick
    await_failure(a, :socket)
    assert_match(/is not a socket/, @log.lines[0])
  end

  def test_denied_names_the_group
    skip "needs root" unless Process.euid.zero?
    serve { |s, _| s.take }
    File.chmod(0o755, @dir)
    File.chmod(0o600, @path)
    r, w = IO.pipe
    pid = fork do
      Process::Sys.setuid(65_534)
      a = agent
      a.tick
      await("off") { a.status[:state] == :off }
      w.write(@log.lines.join("\n"))
    ensure
      w.close
      exit!(0)
    end
    w.close
    assert_match(/\Ahda: denied: .*hda-ingest/, r.read)
    Process.wait(pid)
  end

  def test_hung_daemon_costs_a_second_of_the_hda_thread_only
    serve { |s, _| s.hang }
    a = agent
    start = mono
    worst = ticks = 0
    a.tick
    until a.status[:failures][:daemon] > 0
      flunk("no timeout") if mono - start > 30
      t = mono
      a.tick
      worst = [worst, mono - t].max
      ticks += 1
      sleep 0.001
    end
    assert_includes 0.95..20.0, mono - start
    # A tick that waited for the daemon would take the second; on a busy machine any may be late.
    assert_operator worst, :<, 0.9
    assert_operator ticks, :>, 20
    await("backoff") { a.status[:state] == :backoff }
    assert_match(/no answer/, @log.lines[0])
  end

  def test_daemon_that_stops_reading_loses_its_child_at_the_deadline
    serve { |s, n| n.zero? ? (s.go; s.hang) : s.take }
    a = agent(deadline: 3)
    a.tick
    await_failure(a, :deadline)
    assert_equal 0, a.status[:dumps]
    # The hung session holds the stand-in: a new one, and the next dump is as usual (which on a busy machine takes its time).
    a.instance_variable_get(:@config).instance_variable_set(:@deadline, 120)
    @servers.pop.close
    serve { |s, _| s.take }
    await("the next dump") { a.tick if a.status[:state] == :idle; a.status[:dumps] >= 1 }
    assert_raises(Errno::ECHILD) { Process.wait(-1, Process::WNOHANG) }
  end

  def test_daemon_that_dies_in_the_middle
    serve { |s, n| n.zero? ? (s.go; s.frame) : s.take }
    a = agent
    a.tick
    await_failure(a, :broken)
    await("idle") { a.status[:state] == :idle }
    a.tick
    await("the next dump") { a.status[:dumps] == 1 }
  end

  def test_missing_acknowledgement
    serve { |s, _| s.go; s.read_dump; s.hang }
    a = agent(ack_timeout: 0.2)
    a.tick
    await_failure(a, :no_ack)
  end

  # As long as a child lives, what the application writes is copied: the child does not wait for the daemon to reckon.
  def test_child_is_gone_before_the_acknowledgement
    left = nil
    serve do |s, _|
      s.go
      s.read_dump
      await("the child's end") { (left = children).empty? }
      s.send(W::ACK, "dump" => 7)
    end
    a = agent
    a.tick
    await("a dump") { a.status[:dumps] == 1 }
    assert_empty left
    assert_equal 7, a.status[:last]["dump"]
  end

  # The parent holds the socket until the ACK: so might a process that the application forked meanwhile.
  def test_a_forked_process_does_not_hold_the_connection_of_a_dump_that_ended
    forked = ended = nil
    serve do |s, _|
      s.go
      s.frame
      forked = fork { sleep }
      Process.kill(:KILL, *(children - [forked]))
      assert_raises(EOFError) { s.read_heap }
      ended = children == [forked]
    end
    a = agent
    a.tick
    await_failure(a, :oom)
    await("the daemon's side sees the end") { ended }
  ensure
    Process.kill(:KILL, forked) && Process.wait(forked) if forked
  end

  def test_dump_refused_in_the_middle
    refused_after { |s| s.frame }
    assert_match(/disk full/, @log.lines.join)
  end

  def test_dump_refused_at_its_end
    refused_after(&:read_dump)
  end

  # The daemon reads as much as the block does, and refuses.
  def refused_after
    serve { |s, _| s.go; yield s; s.send(W::ERROR, "code" => 310, "text" => "disk full") }
    a = agent
    a.tick
    await_failure(a, :refused)
  end

  def test_killed_child_counts_as_oom_and_doubles_the_headroom
    killed = nil
    serve do |s, _|
      s.go
      s.frame
      killed = children.first
      Process.kill(:KILL, killed)
      s.hang
    end
    a = agent(headroom: 0.001)
    a.tick
    await_failure(a, :oom)
    assert_equal 0.002, a.instance_variable_get(:@runner).headroom
  end

  def test_no_headroom_no_fork
    d = serve { |s, _| s.take }
    a = agent(headroom: 1e9)
    a.tick
    await_failure(a, :headroom)
    assert_empty d.sessions
  end

  def test_later_is_obeyed
    times = []
    serve do |s, n|
      times << mono
      n.zero? ? (s.greet; s.send(W::LATER, "retry_ms" => 800, "why" => "busy")) : s.take
    end
    a = agent
    a.tick
    await("a dump") { a.status[:dumps] == 1 }
    assert_includes 0.6..30.0, times[1] - times[0]
    assert_equal({ later: 1 }, a.status[:failures])
  end

  def test_other_protocol_is_off_with_one_line
    d = serve { |s, _| s.frame; s.send(W::ERROR, "code" => 401, "text" => "version", "min" => 2, "max" => 3) }
    a = agent
    a.tick
    await("off") { a.status[:state] == :off }
    assert_equal 1, d.sessions.size
    assert_equal ["hda: version: this gem speaks protocol 1-1, the daemon 2-3"], @log.lines
  end

  def test_garbage_for_an_answer
    serve { |s, _| s.frame; s.instance_variable_get(:@io).write("\xff" * 64) }
    a = agent
    a.tick
    await_failure(a, :daemon)
  end

  def test_min_interval_postpones
    serve { |s, _| s.take }
    a = agent(min_interval: 60)
    a.tick
    await("a dump") { a.status[:dumps] == 1 && a.status[:state] == :idle }
    a.tick
    await("postponed") { a.status[:state] == :postponed }
    a.stop
    await("stop ends the wait") { a.status[:state] == :off || !a.instance_variable_get(:@thread).alive? }
    assert_equal 1, a.status[:dumps]
  end

  def test_fork_by_the_application_is_a_new_life
    d = serve { |s, _| s.take }
    a = agent(every: 3)
    2.times { a.tick }
    r, w = IO.pipe
    pid = fork do
      a.tick
      w.puts a.status.values_at(:jobs, :pid).join(" ")
      2.times { a.tick }
      await("the child's dump") { a.status[:dumps] == 1 }
      w.puts "dumped"
    ensure
      w.close
      exit!(0)
    end
    w.close
    assert_equal "1 #{pid}\ndumped\n", r.read
    Process.wait(pid)
    assert_equal [pid, 3, 0], d.sessions[0].header.values_at("pid", "jobs", "seq")
    assert_equal 2, a.status[:jobs]
    a.tick
    await("the parent's own") { a.status[:dumps] == 1 }
    assert_equal [Process.pid, 3], d.sessions[1].header.values_at("pid", "jobs")
  end

  def test_tick_allocates_nothing
    a = agent(every: 1 << 40)
    a.tick("Job")
    a.tick(String)
    [nil, "Job", String].each do |what|
      n = 40_000
      best = Float::INFINITY
      allocated = []
      5.times do
        before = GC.stat(:total_allocated_objects)
        t = mono
        i = 0
        while i < n
          a.tick(what)
          i += 1
        end
        best = [best, mono - t].min
        allocated << GC.stat(:total_allocated_objects) - before
      end
      # The hda thread, looking for its daemon, may fall into a round or two; each tick's object would be in all.
      assert_operator allocated.min, :<=, 10, "40 000 ticks with #{what.inspect}: #{allocated}"
      puts format("# tick(%s): %.0f ns (aim: 200)", what.inspect, best / n * 1e9)
    end
  end

  def test_public_interface
    code = <<-RUBY
      require "helper"
      p Hda.tick, Hda.dump!, Hda.status[:state], Hda.started?
      p Hda.start(app: "x", socket: "/nonexistent/sock"), Hda.tick("A"), Hda.status[:jobs], Hda.stop, Hda.started?, Hda.tick
      Thread.list.each { |t| t.join(10) if t.name == "hda" } # stopped above
      p Hda.start(enabled: false), Thread.list.size
    RUBY
    out, err, = ruby(code)
    assert_equal ['nil', '"hda is not started"', *%w[:off false true nil 1 nil false nil false 1]], out.split("\n"), err
  end
end
