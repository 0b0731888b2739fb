# frozen_string_literal: true

# A process whose growth has a shape of its own: leaks_shapes_program.rb SHAPE DIR DUMPS [PID [trace]]. SPDX-License-Identifier: BSD-2-Clause
require "objspace"

shape, dir, dumps, pid, trace = ARGV
ObjectSpace.trace_object_allocations_start if trace
$kept = []
$log = +""
$memo = {}

class Event
  def initialize(i)
    @i = i
  end
end

SHAPES = {
  "numbers" => ->(i) { 20.times { |k| $kept << i * 20 + k } },                 # a leak without objects: entries only
  "buffer" => ->(i) { $log << format("event %08d happened\n", i) },            # one String that grows
  "flushed" => ->(i) { ($log << "x" * 97) && i % 3300 == 0 && $log.clear },    # ... and is cut again and again
  "closures" => ->(i) { (e = Event.new(i)) && $kept << -> { e } },             # a Proc and its environment for each entry
  "still" => ->(i) { $kept << Event.new(i) },                                  # one object a job, and hardly ever a GC
  "events" => ->(i) { 300.times { |k| "#{i} #{k}" } && $kept << Event.new(i) }, # ... and many
  "late" => ->(i) { $kept << "x" * 200 if (i % 50).zero? },                    # too short to be listed as a container at first
  "lists" => ->(i) { ($lists ||= Array.new(500) { [] })[i % 500] << i },                                   # many that grow, none of them long
  "texts" => ->(i) { ($texts ||= Array.new(40) { +"" })[i % 40] << "said in job #{i}\n" },                 # ... Strings
  "cut" => ->(i) { (t = ($texts ||= Array.new(40) { +"" })[i % 40] << "said in job #{i}\n") && t.bytesize > 900 && t.clear }, # ... which are cut
  "queue" => ->(i) { (($queue ||= Queue.new) << Event.new(i)) && i % 4 != 0 && $queue.pop },   # consumers that are behind
  "memo" => ->(i) { $memo[i.hash % 2000] ||= Event.new(i) },                   # bounded by its keys
}.freeze

job = SHAPES.fetch(shape)
(1..Integer(dumps)).each do |d|
  (1..1000).each { |j| job.call(d * 1000 + j) }
  File.open("#{dir}/heap-#{pid || 77}-#{1_700_000_000 + d * 600}-#{d * 1000}.dump", "w") { |f| ObjectSpace.dump_all(output: f) }
end
