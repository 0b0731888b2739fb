# frozen_string_literal: true

# How often, how long, how much: the waits, the one line an hour, the memory's limits, the labels. SPDX-License-Identifier: BSD-2-Clause
require_relative "helper"

class LimitsTest < HdaTest
  W = Hda::Wire

  def left(agent)
    await("a plan") { agent.status[:until] }
    agent.status[:until]
  end

  def test_a_socket_that_must_not_be_used_is_left_alone_for_five_minutes
    serve { |s, _| s.take }
    File.chmod(0o1777, @dir)
    a = agent
    a.tick
    await("off") { a.status[:state] == :off }
    assert_includes 200..376, left(a)
    50.times { a.tick }
    assert_equal [{ socket: 1 }, 1], [a.status[:failures], @log.lines.size]
  end

  def test_a_daemon_that_says_later_is_believed_for_five_minutes_at_most
    serve { |s, _| s.greet; s.send(W::LATER, "retry_ms" => 36_000_000, "why" => "busy") }
    a = agent
    a.tick
    await_failure(a, :later)
    await("refused") { a.status[:state] == :refused }
    assert_includes 200..376, left(a)
  end

  # From 1 s, doubled, to 5 min; give or take a quarter.
  def test_backoff_doubles_to_its_end
    r = Hda::Runner.new(agent, Hda::Config.new({ socket: @path }, {}), Hda::Reporter.new(@log))
    waits = Array.new(12) { r.send(:postponed, Hda::Postponed.new(:absent, nil, "no daemon")) }
    waits.each_with_index do |w, i|
      wanted = [1.0 * 2**i, 300.0].min
      assert_includes (wanted * 0.75)..(wanted * 1.25), w, "wait #{i}"
    end
    assert_equal 1, @log.lines.size
  ensure
    r&.forget
  end

  def test_one_line_a_kind_an_hour
    r = Hda::Reporter.new(@log)
    100.times { |i| r.say(:absent, "no daemon #{i}"); r.say(:oom, "killed #{i}") }
    assert_equal ["hda: absent: no daemon 0", "hda: oom: killed 0"], @log.lines
    said = r.instance_variable_get(:@said)
    said[:absent] -= Hda::Reporter::EVERY_S - 5
    r.say(:absent, "almost an hour later")
    said[:absent] -= 10
    r.say(:absent, "an hour later")
    r.say(:absent, "and again")
    assert_equal ["hda: absent: no daemon 0", "hda: oom: killed 0", "hda: absent: an hour later"], @log.lines
  end

  def test_one_line_whatever_a_message_holds
    r = Hda::Reporter.new(@log)
    r.say(:error, "no such method\n\n  a.b\n   ^\xff")
    assert_equal ["hda: error: no such method a.b ^?"], @log.lines
  end

  # Of many processes that one forks, which has said it already, not each says it again.
  def test_a_forked_process_knows_what_was_said
    a = agent
    a.tick
    await_failure(a, :absent)
    r, w = IO.pipe
    pid = fork do
      a.tick
      await_failure(a, :absent)
      w.puts @log.lines.size
    ensure
      w.close
      exit!(0)
    end
    w.close
    Process.wait(pid)
    assert_equal "1\n", r.read
  end

  def test_a_logger_that_fails_does_no_harm
    broken = Object.new
    def broken.warn(_) = raise(IOError, "closed")
    assert_nil Hda::Reporter.new(broken).say(:absent, "x")
    a = agent(logger: broken)
    a.tick
    await_failure(a, :absent)
    assert a.status[:thread]
  end

  # What a later daemon may say beside: other messages, other keys.
  def test_a_newer_protocol_is_lived_with
    d = serve { |s, _| s.welcome; s.frame; s.send(W::GO, "lease" => 1, "new" => [1, { "a" => nil }]); s.read_dump; s.send(W::ACK, "dump" => 5, "more" => "x") }
    a = agent(every: 1000)
    a.tick
    await("the idle connection") { a.status[:connected] && d.controls.size == 1 }
    c = d.controls[0]
    c.send(99, "what" => "is this")
    c.send(W::DUMP_NOW, "token" => 3, "new_key" => 1.5)
    await("a dump") { a.status[:dumps] == 1 }
    assert_equal({ "dump" => 5 }, a.status[:last])
    assert_equal [true, {}], [a.status[:connected], a.status[:failures]]
  end

  def test_max_interval_dumps_without_enough_jobs
    d = serve { |s, _| s.take }
    a = agent(every: 1 << 40, max_interval: 1)
    a.tick
    await("two dumps") { a.status[:dumps] >= 2 }
    first = d.sessions.first(2) # a third may be on its way
    assert_equal ["every"], first.map { |s| s.header["reason"] }.uniq
    at = first.map { |s| s.header["mono"] }
    assert_operator at[1] - at[0], :>=, 0.9
  end

  # --- memory ---

  def write(path, text)
    FileUtils.mkdir_p(File.dirname(path))
    File.write(path, text)
  end

  def test_control_groups_of_version_2
    root = "#{@dir}/cg"
    write("#{root}/a/b/memory.current", "1000\n")
    write("#{root}/a/b/memory.max", "max\n")
    write("#{root}/a/memory.current", "5000\n")
    write("#{root}/a/memory.max", "8000\n")
    write("#{root}/a/memory.stat", "anon 10\ninactive_file 700\n")
    assert_equal [{ usage: 1000, used: 1000, limit: nil }, { usage: 5000, used: 4300, limit: 8000 }],
                 Hda::Host.groups(root, "0::/a/b\n"), "the own group, and the one above that has the limit"
    assert_equal [{ usage: 5000, used: 4300, limit: 8000 }], Hda::Host.groups("#{root}/a", "0::/not/here\n"), "in a container the root stands for it"
  end

  def test_control_groups_of_version_1
    root = "#{@dir}/cg"
    write("#{root}/memory/x/memory.usage_in_bytes", "300\n")
    write("#{root}/memory/x/memory.limit_in_bytes", "400\n")
    write("#{root}/memory/memory.usage_in_bytes", "900\n")
    write("#{root}/memory/memory.limit_in_bytes", "9223372036854771712\n")
    assert_equal [400, nil], Hda::Host.groups(root, "4:cpu:/x\n7:memory:/x\n").map { |g| g[:limit] }
    assert_empty Hda::Host.groups(root, "4:cpu:/x\n")
  end

  def test_a_group_of_processes_that_is_full_is_not_forked_in
    root = "#{@dir}/cg"
    write("#{root}/a/pids.current", "12\n")
    write("#{root}/a/pids.max", "max\n")
    write("#{root}/pids.current", "40\n")
    write("#{root}/pids.max", "40\n")
    assert_equal "40 of 40 processes in the control group", Hda::Host.crowded(root, "0::/a\n")
    write("#{root}/pids.max", "41\n")
    assert_nil Hda::Host.crowded(root, "0::/a\n")
    write("#{root}/pids/x/pids.current", "7\n")
    write("#{root}/pids/x/pids.max", "7\n")
    assert_equal "7 of 7 processes in the control group", Hda::Host.crowded(root, "3:pids:/x\n0::/\n"), "version 1"
    assert_nil Hda::Host.crowded(root, nil)
    assert_operator Hda::Host.tasks_of(Process.uid), :>=, 1
    # Others begin and end between the two looks.
    await("as many of all as of one user") { Hda::Host.tasks_of_all >= Hda::Host.tasks_of(Process.uid) }
  end

  # --- labels that are guessed ---

  def guess(dir, env = {})
    FileUtils.mkdir_p(dir)
    Dir.chdir(dir) { c = Hda::Config.new({}, env); c.guess; c }
  end

  def test_the_application_is_named_after_its_folder
    %w[shop shop/current shop/releases/20261124].each { |d| assert_equal "shop", guess("#{@dir}/#{d}").app, d }
  end

  def test_the_revision_is_found
    order = Hda::Config::REVISIONS
    env = order.to_h { |v| [v, "by #{v}"] }
    order.each do |v|
      assert_equal "by #{v}", guess("#{@dir}/shop", env).revision
      env.delete(v)
    end
    File.write("#{@dir}/shop/REVISION", "4e3a1c\n")
    assert_equal "4e3a1c", guess("#{@dir}/shop").revision
    assert_equal "", guess("#{@dir}/other").revision
  end

  def test_the_role_is_the_program
    was = $PROGRAM_NAME
    { "sidekiq 6.4.1 shop [0 of 5 busy]" => "sidekiq", "puma: cluster worker 0: 4121 [shop]" => "puma", "/usr/bin/rake" => "rake", "bin/work.rb" => "work" }.each do |name, role|
      $PROGRAM_NAME = name
      assert_equal role, guess("#{@dir}/shop").role
    end
  ensure
    $PROGRAM_NAME = was
  end
end
