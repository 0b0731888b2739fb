# frozen_string_literal: true

# What the gem never does to the program it runs in. SPDX-License-Identifier: BSD-2-Clause
require_relative "helper"
require "minitest/mock"

class NeverTest < HdaTest
  # Said of the parent: in child.rb, which runs in the dump's child alone, signals are set to their defaults.
  WORDS = { "GC.start" => /\bGC\.start\b/, "an at_exit" => /\bat_exit\b/, "ending a thread" => /\.kill\b(?!\(:KILL, pid\))|Thread\.exit|\.raise\b/,
            "a signal handler" => /\b(?:Signal\.)?trap\(/, "a patch" => /\b(?:prepend|class_eval|module_eval|instance_eval|refine|alias_method|alias)\b/,
            "a thread of a load" => /Thread\.new/, "Timeout" => /\bTimeout\b/ }.freeze
  # Middleware goes into Sidekiq's chain by its own prepend; the one thread is the agent's, but for a call of
  # Hda.trace where hda is not started; aliases are Rails' own words.
  ALLOWED = ["hda/sidekiq.rb: a patch", "hda/agent.rb: a thread of a load", "hda/trace.rb: a thread of a load",
             "hda/child.rb: a signal handler"].freeze

  def test_words_that_stand_nowhere
    found = Dir["#{LIB}/**/*.rb"].flat_map do |f|
      code = File.readlines(f).map { |l| l.sub(/(?:\A|\s)#.*/, "") }.join
      WORDS.select { |_, form| code.match?(form) }.map { |what, _| "#{f.delete_prefix("#{LIB}/")}: #{what}" }
    end
    assert_equal ALLOWED.sort, found.sort
  end

  # Loaded, started, having dumped: methods of Ruby's own classes, handlers, and settings are as they were.
  PROGRAM = <<-'RUBY'
    %w[socket etc objspace io/nonblock].each { |f| require f }
    seen = lambda do
      list = ObjectSpace.each_object(Module).select { |m| m.name && !m.name.start_with?("Hda", "StandIn") }
      methods = list.to_h { |m| [m.name, [m.ancestors.map(&:to_s), m.instance_methods(false).sort + m.private_instance_methods(false).sort, m.singleton_methods(false).sort]] }
      signals = %w[INT TERM HUP USR1 USR2 CHLD].to_h { |s| (old = trap(s, "DEFAULT")) && trap(s, old); [s, old] }
      rest = [GC.stress, GC.disable.tap { |was| GC.enable unless was }, Thread.abort_on_exception, Thread.report_on_exception, $VERBOSE, $PROGRAM_NAME,
              Process.getpriority(Process::PRIO_PROCESS, 0), Process.getrlimit(:CPU), Encoding.default_internal, ENV.to_h]
      [methods, signals, rest]
    end
    require "set"
    require "hda"
    before = seen.call
    Hda.start(app: "t", socket: ENV.fetch("SOCK"), every: 1000, headroom: 0, min_interval: 0)
    p Thread.list.size
    Hda.tick("A")
    p Hda.dump!(wait: true), Thread.list.map(&:name).compact
    after = seen.call
    p before[0].reject { |k, v| after[0][k] == v }.keys, before[1] == after[1], before[2] == after[2]
    gc = GC.count
    Hda.stop
    Thread.list.each { |t| t.join(20) if t.name == "hda" }
    p Thread.list.size, GC.stat[:major_gc_count] >= 0 && GC.enable
  RUBY

  def test_the_program_is_as_it_was
    serve { |s, _| s.take }
    out, err, good = ruby(PROGRAM, { "SOCK" => @path })
    assert good, err
    assert_equal ["1", "true", '["hda"]', "[]", "true", "true", "1", "false"], out.split("\n")
  end

  # From the snapshot of the counters to the fork; and afterwards as it was, whatever it was, and whatever went wrong.
  def test_collecting_is_switched_on_again_and_only_then
    serve { |s, _| s.take }
    during = nil
    own = Hda::Header.method(:build)
    a = agent(every: 1000)
    Hda::Header.stub(:build, ->(*args) { during = GC.disable; own.call(*args) }) { assert_equal true, a.request("demand", wait: true) }
    assert_equal [true, false], [during, GC.enable], "off in between, on after"
    GC.disable
    await("idle") { a.status[:state] == :idle }
    assert_equal true, a.request("demand", wait: true)
    assert GC.enable, "off before, off after"
    Hda::Header.stub(:build, ->(*) { raise "no header" }) { assert_equal "no header", a.request("demand", wait: true) }
    refute GC.enable, "on after a mishap"
  ensure
    GC.enable
  end

  # A tick takes whatever it is given, and adds up beside others.
  def test_no_tick_raises
    serve { |s, _| s.take }
    a = agent(every: 1 << 40)
    odd = Class.new { def self.name = raise("not to be called") }
    [BasicObject.new, odd, odd.new, 7, :Sym, "Sym", "\xff\xfe", "x" * 200, "", nil, false].each { |klass| a.tick(klass) }
    assert_equal({ "Sym" => 2, "" => 1, "other" => 6 }, a.taken("demand")["job_mix"])
    threads = Array.new(4) { |k| Thread.new { 5000.times { |i| a.tick("Class#{k}") if i.even?; a.tick(:"Other#{k}") if i.odd? } } }
    mixes = []
    mixes << a.taken("demand")["job_mix"] while threads.any?(&:alive?)
    threads.each(&:join)
    assert_equal 20_000 + 11, a.jobs
    assert_equal [2500], a.taken("demand")["job_mix"].values_at(*(0..3).flat_map { |k| ["Class#{k}", "Other#{k}"] }).uniq
    refute_empty mixes
  end

  # The classes of jobs are remembered from dump to dump, so many at most, and never in one.
  def test_classes_of_jobs_are_let_go_of
    serve { |s, _| s.take }
    a = agent(every: 1 << 40)
    late = Class.new
    a.tick(late)
    NeverTest.const_set(:NamedLater, late)
    2.times { a.tick(late) }
    classes = Array.new(300) { |i| NeverTest.const_set("Job#{i}", Class.new) }
    2.times { classes.each { |c| a.tick(c) } }
    mix = a.taken("demand")["job_mix"]
    assert_equal [2, 2], mix.values_at("NeverTest::NamedLater", "NeverTest::Job0"), "the name of a class is asked for until it has one"
    assert_equal 603, mix.values.sum
    cells = a.instance_variable_get(:@cells)
    assert_operator cells.size, :<=, Hda::Agent::MIX_MAX
    assert_equal true, a.request("demand", wait: 20)
    assert_empty cells
  end

  # A class's first job, while the hda thread reads the job mix, is not raised at.
  def test_classes_come_while_the_mix_is_read
    a = agent(every: 1 << 40)
    stop = false
    reader = Thread.new { a.taken("demand") until stop }
    2000.times do
      180.times { |i| a.tick("New#{i}") }
      a.instance_variable_get(:@mix).clear
    end
    assert reader.alive?
  ensure
    stop = true
    reader&.join
  end

  # From a handler of the application, where a Mutex may not be taken.
  def test_in_a_signal_handler
    d = serve { |s, _| s.take }
    said = []
    a = agent(every: 1000)
    old = trap("USR2") { a.tick("Handler"); said << a.request("signal", wait: true) << a.request("signal") << a.status[:jobs] }
    Process.kill(:USR2, Process.pid)
    await("the handler") { said.size == 3 }
    assert_equal ["asked for; a signal's handler cannot wait", "a dump was asked for already", 1], said
    await("the dump") { a.status[:dumps] == 1 }
    assert_equal "signal", d.sessions[0].header["reason"]
  ensure
    trap("USR2", old || "DEFAULT")
  end

  def test_dump_with_an_odd_wait
    serve { |s, _| s.take }
    a = agent(every: 1000)
    assert_equal true, a.request("demand", wait: "yes")
    await("idle") { a.status[:state] == :idle }
    a.request("demand", wait: 0.0)
    assert_equal "hda is not started", Hda.dump!(wait: Object.new)
  end
end
