# frozen_string_literal: true

# One heap a kind of holder: 3 000 entries that only this holder keeps. SPDX-License-Identifier: BSD-2-Clause
#	ruby holders_program.rb KIND FILE [trace] [names]
# names: what the gem says after the heap, too (with -I contrib/ruby-client/lib).
require "objspace"

def fill(hash) = hash.tap { 3000.times { |i| hash["key #{i}"] = ["value #{i}" * 5] } }

class PriceCache
  @prices = {}
  class << self
    attr_reader :prices
  end
end

class Registry
  @@all = {} # rubocop:disable Style/ClassVars
  def self.all = @@all
end

module Hooks
  LIST = [] # rubocop:disable Style/MutableConstant
end

module Foo
  REGISTRY = {} # rubocop:disable Style/MutableConstant
end

class Keeper
  class << self
    attr_accessor :it
  end
end

class Resource; end

class Node
  attr_reader :following

  def initialize(following) = @following = following
end

def sleeper(&block)
  thread = Thread.new(&block)
  sleep 0.001 until thread.status == "sleep"
end

def hook = (data = fill({})) && Hooks::LIST << proc { data.size }
def bound = (data = fill({})) && binding.tap { data.size }
def later = (data = fill({})) && proc { data.size }

KINDS = {
  "class" => -> { fill(PriceCache.prices) },
  "class_variable" => -> { fill(Registry.all) },
  "constant" => -> { fill(Foo::REGISTRY) },
  "global" => -> { $stats = fill({}) },
  "thread_local" => -> { sleeper { Thread.current[:cache] = fill({}); Thread.stop } },
  "thread_stack" => -> { sleeper { data = fill({}); Thread.stop; data.size } },
  "fiber" => -> { Keeper.it = Fiber.new { data = fill({}); Fiber.yield; data.size }; Keeper.it.resume },
  "closure" => -> { hook },
  "imemo" => -> { Keeper.it = bound },
  "finalizer" => -> { ObjectSpace.define_finalizer($kept = Resource.new, later) },
  "at_exit" => -> { at_exit(&later) },
  "list" => -> { 3000.times { Keeper.it = Node.new(Keeper.it) } },
  "anonymous" => -> { Keeper.it = Array.new(300) { Class.new(StandardError).new } },
  # Nothing but the map refers to these: no collection runs before the dump, so they stand in it as garbage.
  "weak_map" => lambda {
    GC.disable
    Keeper.it = ObjectSpace::WeakMap.new
    300.times { |i| Keeper.it[weak = "weak #{i}" * 1000] = weak }
  }
}.freeze

require "hda/names" if ARGV.include?("names")
ObjectSpace.trace_object_allocations_start if ARGV.include?("trace")
GC.start
Thread.new { KINDS.fetch(ARGV[0]).call }.join # a thread of its own: no stale pointer is left on this stack
File.open(ARGV[1], "w") do |f|
  ObjectSpace.dump_all(output: f)
  f.write(Hda::Names.lines) if ARGV.include?("names")
end
exit!
