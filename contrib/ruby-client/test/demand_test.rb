# frozen_string_literal: true

# Dumps on demand, tracing, files. SPDX-License-Identifier: BSD-2-Clause
require_relative "helper"

class DemandTest < HdaTest
  W = Hda::Wire

  def control(server, agent)
    agent.tick
    await("the idle connection") { server.controls.size == 1 && agent.status[:connected] }
    server.controls[0]
  end

  # The next message of that kind on the idle connection.
  def answer(session)
    loop do
      type, map = session.frame
      return map if type == W::DUMP_ANSWER
    end
  end

  def test_the_daemon_asks
    d = serve { |s, _| s.take }
    a = agent(every: 1000)
    c = control(d, a)
    assert_equal "control", c.hello["role"]
    c.send(W::DUMP_NOW, "token" => 7)
    assert_equal({ "token" => 7, "ok" => true }, answer(c))
    last = answer(c)
    assert_equal [7, true, true, 1], last.values_at("token", "ok", "done", "dump")
    assert_operator last["pause_us"], :>, 0
    assert_equal "demand", d.sessions[0].header["reason"]
  end

  def test_traced_on_demand_says_what_it_cost
    d = serve { |s, _| s.take }
    a = agent(every: 1000)
    c = control(d, a)
    c.send(W::DUMP_NOW, "token" => 8, "traced_s" => 1)
    assert answer(c)["ok"]
    await("tracing") { Hda::Trace.on? }
    assert_equal :tracing, a.status[:state]
    last = answer(c)
    refute Hda::Trace.on?
    assert_operator last["traced_ms"], :>=, 1000
    assert_operator last["allocated"], :>, 0
    h = d.sessions[0].header
    assert_equal true, h["traced"]
    assert_operator h["traced_since"], :>, Time.now.to_f - 100
    assert d.sessions[0].to_enum(:each_line).any? { |l| l.include?('"generation":') && l.match?(/"file":"[^"]*\.rb"/) }, "no site in the dump"
  end

  def test_a_refusal_says_why
    d = serve { |s, _| s.take }
    a = agent(every: 1000, headroom: 1e9)
    c = control(d, a)
    c.send(W::DUMP_NOW, "token" => 9)
    assert_match(/MB free/, answer(c)["why"])
    assert_match(/MB free/, a.request("demand"))
    assert_empty d.sessions
  end

  def test_a_process_that_just_dumped_does_not
    serve { |s, _| s.take }
    a = agent(every: 1000, min_interval: 60)
    a.tick
    assert_equal true, a.request("demand", wait: true)
    assert_match(/min_interval is 60 s/, a.request("demand"))
  end

  def test_files_where_no_daemon_is
    files = "#{@dir}/dumps"
    Dir.mkdir(files)
    File.write("#{files}/heap-1-2-3.dump", "x" * 100)
    File.utime(0, 0, "#{files}/heap-1-2-3.dump")
    a = agent(every: 2, dir: files, dir_budget: 1 << 40)
    2.times { a.tick }
    await("a file") { a.status[:dumps] == 1 }
    assert_equal ["hda: absent: no daemon at #{@path} (ENOENT); dumps go into files in #{files}"], @log.lines
    names = Dir.children(files).grep(/heap/)
    dump = names.grep(/\Aheap-#{Process.pid}-\d+-2\.dump\z/)
    assert_equal [2, 1], [names.size, dump.size], names.inspect
    assert_equal 0o600, File.stat("#{files}/#{dump[0]}").mode & 0o777
    assert File.open("#{files}/#{dump[0]}", &:readline).end_with?("}\n")
  end

  # As `ulimit -f` has it: less than dir_budget, and a dump smaller than both.
  def test_a_limit_of_file_sizes_below_the_budget
    out, err, = ruby(<<-'RUBY', { "DIR" => @dir })
      require "hda"
      Process.setrlimit(:FSIZE, 64 << 20, 128 << 20)
      Hda.start(socket: "/nonexistent/sock", dir: ENV.fetch("DIR"), headroom: 0)
      p Hda.dump!(wait: true)
    RUBY
    assert_equal "true\n", out, err
    assert_equal 1, Dir.children(@dir).grep(/\Aheap-/).size
  end

  def test_a_dump_beyond_the_budget_is_not_kept
    files = "#{@dir}/dumps"
    Dir.mkdir(files)
    a = agent(every: 2, dir: files, dir_budget: "100K")
    2.times { a.tick }
    await_failure(a, :disk)
    assert_equal [0, 1], a.status.values_at(:dumps, :attempts)
    assert_empty Dir.children(files).grep(/heap/)
    assert_equal 1, @log.lines.grep(/dir_budget/).size
    await("a pause of minutes") { a.status[:state] == :postponed }
    10.times { a.tick }
    assert_match(/no room/, a.request("demand", wait: true), "who asks gets an answer")
    assert_equal [2, :postponed], a.status.values_at(:attempts, :state)
    assert_includes 200..376, a.status[:until]
  end

  def test_the_budget_of_files_holds
    files = "#{@dir}/dumps"
    Dir.mkdir(files)
    3.times { |i| File.write("#{files}/heap-1-#{i}-3.dump", "x" * 100); File.utime(i, i, "#{files}/heap-1-#{i}-3.dump") }
    File.write("#{files}/heap-1-2-3.dump.mine", "x")
    Hda::Files.new(files, 250).prune(50)
    assert_equal %w[heap-1-1-3.dump heap-1-2-3.dump heap-1-2-3.dump.mine], Dir.children(files).sort
  end

  # As Rails has it: what is written to a pipe or a file is converted, unless that is said to be binary.
  def test_beside_default_internal
    code = <<-'RUBY'
      require "helper"
      StandIn.new(ENV.fetch("SOCK")) { |s, _| s.go; s.read_dump; s.send(Hda::Wire::ACK, "dump" => 1, "objects" => 200_000) }
      Hda.start(app: "t", socket: ENV.fetch("SOCK"), headroom: 0)
      p Hda.dump!(wait: true), Hda.status[:last]
      Hda.start(app: "t", socket: "/nonexistent/sock", dir: ENV.fetch("DIR"), headroom: 0)
      p Hda.dump!(wait: true), File.basename(Hda.status[:last]["file"])[0, 5]
    RUBY
    out, err, = ruby(code, { "SOCK" => @path, "DIR" => @dir }, "-EUTF-8:UTF-8")
    assert_equal ["true", '{"dump"=>1, "objects"=>200000}', "true", '"heap-"'], out.split("\n"), err
  end
end
