# frozen_string_literal: true

# What threads hold that a forked child has no more. SPDX-License-Identifier: BSD-2-Clause
require_relative "helper"
require "hda/stacks"
require "json"
require "minitest/mock"
require "objspace"
require "stringio"

class StacksTest < HdaTest
  def address(obj) = ObjectSpace.dump(obj)[/0x\h+/]

  # A thread that holds what the block returns on its stack, and on that of a Fiber when `fiber`.
  def sleeper(fiber: false, &block)
    ready = Queue.new
    wait = lambda do
      held = block.call
      ready << address(held)
      Thread.stop
      held
    end
    thread = Thread.new { fiber ? Fiber.new(&wait).resume : wait.call }
    at = ready.pop
    await("sleep") { thread.status == "sleep" }
    (@sleepers ||= []) << thread
    [thread, at]
  end

  def teardown
    (@sleepers || []).each(&:kill).each(&:join)
    super
  end

  # root => addresses
  def roots(text)
    text.lines.map { |l| JSON.parse(l) }.each_with_object(Hash.new { |h, k| h[k] = [] }) do |l, h|
      assert_equal "ROOT", l["type"]
      h[l["root"]].concat(l["references"])
    end
  end

  def sent
    io = StringIO.new
    Hda::Stacks.write(io, Hda::Stacks.read.first)
    roots(io.string)
  end

  def test_threads_and_what_stands_on_their_stacks
    thread, at = sleeper { ["a local variable"] }
    fibers, there = sleeper(fiber: true) { ["a local variable of a running Fiber"] }
    got = sent
    assert_equal ["thread stacks", "threads"], got.keys.sort
    assert_includes got["threads"], address(thread)
    assert_includes got["threads"], address(fibers)
    assert_includes got["thread stacks"], at
    assert_includes got["thread stacks"], there
    refute_includes got["threads"], address(Thread.current), "the child has this one"
  end

  def test_nothing_of_it_stays
    sleeper { ["x"] }
    texts, missed = Hda::Stacks.read
    assert_equal 0, missed
    Hda::Stacks.write(StringIO.new, texts)
    refute_empty texts
    assert texts.all?(&:empty?)
  end

  # Of an application's own kind of thread no method is called.
  class OddThread < Thread
    %i[equal? == eql? hash to_s inspect].each { |name| define_method(name) { |*| ::Kernel.raise("#{name} called") } }
  end

  def test_no_method_of_a_thread_is_called
    thread = OddThread.new { Thread.stop }
    await("sleep") { thread.status == "sleep" }
    assert_includes sent["threads"], address(thread)
  ensure
    thread.kill
    thread.join
  end

  def test_bounds
    3.times { sleeper { ["x"] } }
    Hda::Stacks.stub(:forget, nil) do
      before = GC.stat(:total_allocated_objects)
      n = Hda::Stacks.read.first.size
      assert_operator GC.stat(:total_allocated_objects) - before, :<, 20 + 4 * n
    end
    others = Thread.list.size - 1
    with(:SECONDS, -1) { assert_equal [[], others], Hda::Stacks.read }
    with(:BYTES, 1) { assert_equal [1, others - 1], [Hda::Stacks.read.first.size, Hda::Stacks.read.last] }
  end

  def with(name, value)
    old = Hda::Stacks.const_get(name)
    Hda::Stacks.send(:remove_const, name)
    Hda::Stacks.const_set(name, value)
    yield
  ensure
    Hda::Stacks.send(:remove_const, name)
    Hda::Stacks.const_set(name, old)
  end

  def test_a_thread_that_cannot_be_read_costs_no_dump
    ObjectSpace.stub(:dump, ->(*) { raise NotImplementedError }) { assert_empty Hda::Stacks.read.first }
  end

  def test_threads_left_out_are_said
    sleeper { ["x"] }
    serve { |s, _| s.take }
    log = StringIO.new
    a = agent(every: 1, logger: Struct.new(:io) { def warn(line) = io.puts(line) }.new(log))
    with(:SECONDS, -1) do
      a.tick
      await("a dump") { a.status[:dumps] == 1 }
    end
    assert_match(/\Ahda: stacks: [1-9]\d* threads are not in the dump: /, log.string)
  end

  # In the dump of a forked child what only the stack of another thread holds has a root line, and can be switched off.
  def test_it_goes_with_the_dump
    _, at = sleeper { ["a local variable"] }
    d = serve { |s, _| s.take }
    [true, false].each_with_index do |on, i|
      a = agent(every: 1, stacks: on)
      a.tick
      await("a dump") { a.status[:dumps] == 1 }
      found = d.sessions[i].each_line.select { |l| l.start_with?('{"type":"ROOT", "root":"thread') }
      assert_equal on, roots(found.join)["thread stacks"].include?(at)
      a.stop
    end
  end
end
