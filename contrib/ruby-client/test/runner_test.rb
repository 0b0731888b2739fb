# frozen_string_literal: true

# The hda thread beside what nobody plans for: errors, ends, orders that cross. SPDX-License-Identifier: BSD-2-Clause
require_relative "helper"
require "minitest/mock"

class RunnerTest < HdaTest
  # What holds the dumps that are due is told until it is over, whatever was asked for meanwhile; then no longer.
  def test_what_holds_dumps_is_told_as_long_as_it_does
    a = agent(every: 1000, headroom: 0)
    a.tick
    r = a.instance_variable_get(:@runner)
    await("its rest") { a.status[:thread] }
    r.send(:hold, :headroom, 600, "no room")
    assert_match(/no daemon/, a.request("demand", wait: true))
    assert_equal [:postponed, "headroom: no room"], a.status.values_at(:state, :reason)
    r.send(:hold, :headroom, 0.2, "no room")
    a.wake
    await("rest") { a.status[:state] == :idle }
    assert_nil a.status[:reason]
  end

  # Whoever looks sees it: the idle connection is there beside the first dump already, which is due at once.
  def test_it_is_known_while_it_makes_its_first_dump
    said = Queue.new
    d = serve do |s, _|
      s.go
      s.frame
      await("the idle connection", 10) { d.controls.size == 1 }
      said << d.controls[0].frame[1]["state"]
      s.drain
    end
    a = agent
    a.tick
    assert_equal "dumping", said.pop
    await("the dump") { a.status[:dumps] == 1 }
  end

  W = Hda::Wire

  def runner(agent)
    agent.instance_variable_get(:@runner)
  end

  def connected(server, agent)
    agent.tick
    await("the idle connection") { server.controls.size == 1 && agent.status[:connected] }
    server.controls[0]
  end

  # What the agent says on its idle connection, until the block is true of a message: that one.
  def said_to(session)
    loop do
      type, map = session.frame
      return map if yield(type, map)
    end
  end

  # --- what nobody foresaw ---

  # No descriptor is left, or all of ours were closed by an application that closes whatever it finds: a line, and no loop.
  MISHAP = <<-'RUBY'
    require "hda"
    require "hda/agent"
    lines = []
    log = Struct.new(:lines) { def warn(l) = lines << l }.new(lines)
    Hda::Runner.send(:remove_const, :ERROR_DELAY_S)
    Hda::Runner::ERROR_DELAY_S = 2.0
    Hda.start(app: "t", socket: ENV.fetch("SOCK"), every: 1000, min_interval: 0, headroom: 0, logger: log)
    now = -> { Process.clock_gettime(Process::CLOCK_MONOTONIC) }
    till = ->(s = 40, &b) { limit = now.call + s; sleep 0.01 until b.call || now.call > limit }
    Hda.tick
    till.call { Hda.status[:connected] }
    #{what}
    till.call { !Hda.status[:connected] }
    sleep 1.5
    p Hda.status[:failures].values.sum < 5, lines.size <= 2, Hda.status[:thread]
    #{back}
    till.call { Hda.status[:connected] }
    till.call { Hda.dump!(wait: true) == true }
    p Hda.status[:dumps]
  RUBY

  def after(what, back)
    serve { |s, _| s.take }
    out, err, good = ruby(MISHAP.sub('#{what}', what).sub('#{back}', back), { "SOCK" => @path })
    assert good, err
    assert_equal %w[true true true 1], out.split("\n"), err
  end

  def test_an_application_that_closes_every_file
    after("ObjectSpace.each_object(IO) { |io| io.close if !io.closed? && io.fileno > 2 && [IO, Socket].include?(io.class) }", "")
  end

  def test_no_descriptor_is_left
    after(<<-'RUBY', "keep.each(&:close)")
      keep = []
      Process.setrlimit(:NOFILE, 64)
      begin
        loop { keep << File.open("/dev/null") }
      rescue Errno::EMFILE
        nil
      end
      Hda.instance_variable_get(:@agent).instance_variable_get(:@runner).instance_variable_get(:@control).io.shutdown # as if the daemon ended
    RUBY
  end

  def test_an_error_in_a_dump_is_told_to_whoever_waits
    d = serve { |s, _| s.take }
    a = agent(every: 1000)
    c = connected(d, a)
    Hda::Header.stub(:build, ->(*) { raise "no header" }) do
      c.send(W::DUMP_NOW, "token" => 5)
      assert_equal({ "token" => 5, "ok" => false, "done" => true, "why" => "no header" }, said_to(c) { |type, map| type == W::DUMP_ANSWER && map["done"] })
    end
    await("it is counted") { a.status[:failures] == { error: 1 } }
    assert_match(/\Ahda: error: RuntimeError: no header\z/, @log.lines[0])
    assert_empty children
  end

  # Whatever goes wrong each time costs no processor.
  def test_what_goes_wrong_each_time_goes_wrong_slowly
    a = agent(every: 1000)
    a.tick
    await("the thread") { runner(a) }
    runner(a).define_singleton_method(:listen) { |*| raise "each time" }
    a.wake
    await("the first") { a.status[:failures][:error] == 1 }
    sleep 0.5
    assert_equal({ error: 1 }, a.status[:failures])
    assert_equal ["hda: error: RuntimeError: each time"], @log.lines.grep(/error/)
  end

  # An application that ends all threads but its own: the next tick, a minute later at the earliest, starts another.
  def test_a_thread_that_somebody_ended
    d = serve { |s, _| s.take }
    a = agent(every: 1000)
    connected(d, a)
    a.instance_variable_get(:@thread).kill.join
    100.times { a.tick }
    refute a.status[:thread], "not at once again"
    a.instance_variable_set(:@revive_at, mono - 1)
    a.tick
    assert a.status[:thread]
    assert_equal 102, a.jobs
    await("a dump") { a.request("demand"); a.status[:dumps] == 1 }
  end

  def test_no_thread_can_be_started
    a = agent
    Thread.stub(:new, ->(*) { raise ThreadError, "can't create Thread: Resource temporarily unavailable" }) { 3.times { a.tick } }
    assert_equal [["hda: thread: can't create Thread: Resource temporarily unavailable"], 3], [@log.lines, a.jobs]
    assert_equal "no thread could be started", a.request("demand")
  end

  # An extension that calls fork(2) itself: for Ruby the parent's threads are alive.
  def test_a_fork_that_ruby_does_not_know_of
    a = agent(every: 3)
    a.tick
    was = a.status[:pid]
    a.instance_variable_set(:@pid, 1) # as it would be for a process with another pid
    a.instance_variable_get(:@runner).define_singleton_method(:forget) { @stopped = true; wake } # the "parent's" lives here
    5.times { a.tick }
    assert_equal was, a.status[:pid]
    assert_operator a.jobs, :<, 5, "counted from zero"
  end

  # --- orders ---

  def test_one_at_a_time
    d = serve { |s, _| s.go; s.read_dump; sleep 0.01 until @go; s.send(W::ACK, "dump" => 1) }
    a = agent(every: 1000)
    c = connected(d, a)
    c.send(W::DUMP_NOW, "token" => 1, "traced_s" => 3600)
    await("tracing") { a.status[:state] == :tracing }
    assert_equal "a dump was asked for already", a.request("demand")
    c.send(W::DUMP_NOW, "token" => 2)
    assert_equal [false, "a dump was asked for already"], said_to(c) { |_, m| m["token"] == 2 }.values_at("ok", "why")
    a.instance_variable_get(:@runner).instance_variable_get(:@ask).at = mono
    a.wake
    await("its child") { a.status[:child] }
    assert_equal "a dump is under way", a.request("demand")
    await("from the fork on it is the child's") { !Hda::Trace.on? }
    @go = true
    last = said_to(c) { |_, m| m["token"] == 1 && m["done"] }
    assert_equal true, last["ok"]
    assert_operator last["allocated"], :>, 0
    assert_equal %w[allocated gc_runs rate_before rate_traced rss_grew traced_ms], last.keys.grep(/alloc|gc|rate|rss|traced/).sort
    assert_in_delta a.status[:pause] * 1e6, last["pause_us"], 1
  ensure
    @go = true
  end

  def test_tracing_has_an_end
    d = serve { |s, _| s.take }
    a = agent(every: 1000, min_interval: 60)
    c = connected(d, a)
    c.send(W::DUMP_NOW, "token" => 1, "traced_s" => 3601)
    assert_equal "tracing is for 3600 s at most", said_to(c) { |_, m| m["token"] == 1 }["why"]
    assert_equal true, a.request("demand", wait: true)
    c.send(W::DUMP_NOW, "token" => 2, "traced_s" => 50)
    assert_match(/min_interval/, said_to(c) { |_, m| m["token"] == 2 }["why"])
    c.send(W::DUMP_NOW, "token" => 3, "traced_s" => 61)
    assert_equal true, said_to(c) { |_, m| m["token"] == 3 }["ok"], "it will be long enough ago by then"
    await("tracing") { a.status[:state] == :tracing }
    assert_operator a.status[:until], :>, 50
    a.stop
    over(a)
    refute Hda::Trace.on?, "who stops in the middle is not left traced"
  end

  def test_a_dump_asked_for_is_patient_when_told_later
    serve { |s, n| n.zero? ? (s.greet; s.send(W::LATER, "retry_ms" => 100, "why" => "2 of 2")) : s.take }
    a = agent(every: 1000)
    assert_equal true, a.request("demand", wait: true)
    assert_equal({ later: 1 }, a.status[:failures])
  end

  def test_and_not_for_ever
    serve { |s, _| s.greet; s.send(W::LATER, "retry_ms" => 100, "why" => "2 of 2") }
    a = agent(every: 1000)
    assert_equal "it is not over after 0.3 s", a.request("demand", wait: 0.3)
    a.instance_variable_get(:@runner).instance_variable_get(:@ask).instance_variable_set(:@give_up, mono)
    await("it gave up") { a.status[:state] == :idle }
    assert_equal "2 of 2", a.request("demand", wait: 0.1) if a.instance_variable_get(:@runner).instance_variable_get(:@ask)
    await("another may be asked for") { a.request("demand") == true }
  end

  def test_stop_tells_whoever_waits
    serve { |s, _| s.greet; s.send(W::LATER, "retry_ms" => 60_000, "why" => "busy") }
    a = agent(every: 1000)
    word = nil
    waiting = Thread.new { word = a.request("demand", wait: true) }
    await("refused") { a.status[:state] == :refused }
    a.stop
    waiting.join(20)
    assert_equal "hda stopped", word
  end

  # While a dump that is due waits, the heap moves on: its counter is of the moment of the fork.
  def test_a_dump_that_was_put_off_counts_as_of_then
    d = serve { |s, n| n.zero? ? (s.greet; s.send(W::LATER, "retry_ms" => 700, "why" => "busy")) : s.take }
    a = agent(every: 4)
    4.times { a.tick("Mail") }
    await("refused") { a.status[:state] == :refused }
    9.times { a.tick("Mail") }
    await("a dump") { a.status[:dumps] == 1 }
    assert_equal [13, { "Mail" => 13 }], d.sessions[1].header.values_at("jobs", "job_mix")
  end

  # --- what the daemon is told, and tells ---

  def test_each_state_and_why_is_told
    d = serve { |s, n| n.zero? ? (s.greet; s.send(W::LATER, "retry_ms" => 300, "why" => "2 of 2 dumps")) : s.take }
    a = agent(every: 2, min_interval: 60)
    c = connected(d, a)
    a.tick
    states = []
    till = ->(state) { said_to(c) { |type, m| type == W::GEM_STATE && states << m.values_at("state", "why") && m["state"] == state } }
    till.call("dumping")
    till.call("idle")
    2.times { a.tick }
    assert_includes 0..60, till.call("postponed")["until_s"]
    # Each once.
    assert_equal [["idle", ""], ["refused", "later: 2 of 2 dumps"], ["dumping", "child"], ["idle", ""], ["postponed", "min_interval: one dump in 60 s"]],
                 states.map { |s, why| [s, why[/\Achild(?= \d+\z)/] || why] }
  end

  # A daemon that is started anew is no news, and one that goes wrong is: once.
  def test_the_idle_connection_comes_back
    d = serve { |s, _| s.take }
    a = agent(every: 1000)
    connected(d, a).close
    await("it is back") { d.controls.size == 2 && a.status[:connected] }
    assert_empty @log.lines
    d.controls[1].send(W::ERROR, "code" => 303, "text" => "shutting down")
    await("it is back") { d.controls.size == 3 && a.status[:connected] }
    d.controls[2].instance_variable_get(:@io).write([70_000, 99, 0, 0, 0].pack("VCCvV") << "x" * 70_000)
    await("it is back") { d.controls.size == 4 && a.status[:connected] }
    assert_equal "hda: refused: 303 shutting down", @log.lines[0]
    assert_match(/\Ahda: daemon: a message of \d+ bytes\z/, @log.lines[1])
    c = Hda::Control.allocate
    c.instance_variable_set(:@link, Struct.new(:io).new(UNIXSocket.pair[0]))
    c.instance_variable_set(:@seq, 0)
    e = assert_raises(Hda::Postponed) { 10_000.times { c.send(W::GEM_STATE, "why" => "x" * 100) } }
    assert_equal [:daemon, "the daemon does not read"], [e.kind, e.message]
  end

  def test_waits_vary_so_that_siblings_spread
    r = Hda::Runner.new(agent, Hda::Config.new({ socket: @path }, {}), Hda::Reporter.new(@log))
    waits = Array.new(200) { r.send(:jitter, 100.0) }
    assert_includes 75.0..85.0, waits.min
    assert_includes 115.0..125.0, waits.max
    controls = Array.new(8) do
      r.send(:lost_control, Hda::Postponed.new(:absent, nil, "no daemon"))
      r.instance_variable_get(:@control_at) - mono
    end
    controls.each_with_index { |w, i| assert_includes (2**i * 0.7)..(2**i * 1.3), w }
    first = Array.new(50) { Hda::Runner.new(agent, Hda::Config.new({ socket: @path }, {}), nil).tap(&:forget).instance_variable_get(:@control_at) - mono }
    assert_operator first.max - first.min, :>, 0.3
  ensure
    r&.forget
  end

  def test_the_headroom_doubles_to_its_end
    a = agent(headroom: 0.25)
    r = Hda::Runner.new(a, Hda::Config.new({ socket: @path, headroom: 3 }, {}), Hda::Reporter.new(@log))
    killed = Hda::Dump::Outcome.new(:oom, "killed", 0.0, 0.0, {})
    assert_equal [6, 8, 8], Array.new(3) { r.send(:count, killed); r.headroom }
    rss = Hda::Host.rss
    Hda::Host.stub(:free, rss * 7) { assert_match(/MB free, a dump wants/, r.send(:headroom_missing)) }
    Hda::Host.stub(:free, rss * 9) { assert_nil r.send(:headroom_missing) }
  ensure
    r&.forget
  end

  # A success ends the back-off: the next failure waits a second again.
  def test_a_dump_ends_the_backoff
    a = agent(every: 1000)
    a.tick
    await("the thread") { a.status[:thread] && runner(a) }
    runner(a).instance_variable_set(:@backoff, 256.0)
    serve { |s, _| s.take }
    assert_equal true, a.request("demand", wait: true)
    assert_equal 1.0, runner(a).instance_variable_get(:@backoff)
  end
end
