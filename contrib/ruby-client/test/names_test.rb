# frozen_string_literal: true

# What objects are called. SPDX-License-Identifier: BSD-2-Clause
require_relative "helper"
require "hda/names"
require "json"
require "objspace"

module NamesSample
  REGISTRY = { "a" => 1 } # rubocop:disable Style/MutableConstant
  SECRET = "a value that is sent to nobody"
  LIMIT = 7
  @cache = ["of the module"]
  @@all = ["of all"] # rubocop:disable Style/ClassVars
  autoload :Never, "/nonexistent/never.rb"
  class Odd
    LIST = [1] # rubocop:disable Style/MutableConstant
    def self.constants(*) = raise("not to be called")
    def self.name = raise("not to be called")
    def self.const_get(*) = raise("not to be called")
  end
  class Bare < BasicObject
    ONE = new
  end
  class << self
    attr_reader :cache

    def all = @@all
  end
end

class NamesTest < HdaTest
  # name => address as Ruby's own dump says it; in a process of its own, since $VERBOSE changes.
  def sent
    $names_sample = ["global"]
    Thread.current[:names_sample] = ["of a thread"]
    read, write = IO.pipe
    pid = fork do
      write.write(Hda::Names.lines)
      exit!(0)
    end
    write.close
    text = read.read
    Process.wait(pid)
    text
  end

  def address(obj) = ObjectSpace.dump(obj)[/0x\h+/]

  def test_names_and_addresses
    got = sent.lines.map { |l| JSON.parse(l) }.each_with_object({}) do |l, h|
      assert_equal ["ROOT", 1], [l["type"], l["references"].size]
      h[l["root"]] = l["references"][0]
    end
    assert_includes got, "hda: constant NamesSample::Bare::ONE"
    { "constant NamesSample::REGISTRY" => NamesSample::REGISTRY, "constant NamesSample::Odd::LIST" => NamesSample::Odd::LIST,
      "module NamesSample @cache" => NamesSample.cache, "module NamesSample @@all" => NamesSample.all,
      "global $names_sample" => $names_sample, "Thread[:names_sample]" => Thread.current[:names_sample] }.each do |name, obj|
      assert_equal address(obj), got["hda: #{name}"], name
    end
  end

  def test_what_is_not_sent
    text = sent
    refute_includes text, "sent to nobody"
    %w[SECRET LIMIT Never].each { |n| refute_includes text, "NamesSample::#{n}\"" }
    refute_match(/constant (\w+::)*String"/, text)
    assert_operator text.lines.size, :<=, Hda::Names::MAX
    assert text.lines.all? { |l| l.bytesize < Hda::Names::LENGTH_MAX + 100 }
  end

  def test_bounds
    out = { text: +"".b, left: 2, till: Process.clock_gettime(Process::CLOCK_MONOTONIC) + 9 }
    catch(:enough) { 9.times { |i| Hda::Names.say(out, [i]) { "constant X#{i}" } } }
    assert_equal 2, out[:text].lines.size
    more = out.merge(text: +"".b, left: 9)
    assert_nil catch(:enough) { Hda::Names.of_module(more.merge(till: mono - 1), NamesSample) && :in_time }, "the time is over"
    assert_equal :in_time, catch(:enough) { Hda::Names.of_module(more, NamesSample) && :in_time }
    ["constant #{'x' * 300}", "constant \"", "constant \n"].each { |name| Hda::Names.say(out, []) { name } }
    assert_equal 2, out[:text].lines.size
  end

  # [objects made, collections, seconds] of finding the names once.
  def found
    read, write = IO.pipe
    pid = fork do
      GC.disable
      count = GC.count
      made = GC.stat(:total_allocated_objects)
      start = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      Hda::Names.lines
      write.write("#{GC.stat(:total_allocated_objects) - made} #{GC.count - count} #{Process.clock_gettime(Process::CLOCK_MONOTONIC) - start}")
      exit!(0)
    end
    write.close
    made, gc, took = read.read.split.map(&:to_f)
    Process.wait(pid)
    read.close
    [made, gc, took]
  end

  def test_it_takes_no_second_and_no_collection
    made, gc, took = Array.new(3) { found }.min_by(&:last) # a loaded machine makes one late, not all
    assert_equal 0, gc
    assert_operator took, :<, Hda::Names::SECONDS + 0.5
    # 9 objects a module with a name were measured; how many modules there are depends on what other tests have loaded.
    assert_operator made, :<, 15 * ObjectSpace.each_object(Module).count
  end
end
