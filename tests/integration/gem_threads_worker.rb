# frozen_string_literal: true

# For gem_threads.sh: three leaks that only threads hold, none of them the one that forks. Environment: DUMPS, TRACE. SPDX-License-Identifier: BSD-2-Clause
require "hda"

class OfMain; end
class OfStack; end
class OfLocal; end

EVERY = 100
Hda.start(app: "shop", role: "threads", every: EVERY, jitter: 0, min_interval: 0, headroom: 0, trace: ENV["TRACE"] == "1")

# Holders that differ: what one holder keeps in a fixed proportion is one leak.
def work(turns, done)
  kept = []
  while (j = turns.pop)
    kept << OfStack.new if j.even?
    (Thread.current[:log] ||= []) << OfLocal.new if (j % 4).zero?
    done << true
  end
  kept
end

# In methods of their own: top-level variables belong to a Binding that the VM holds, those around a block to its Proc.
def start(turns, done) = Thread.new { work(turns, done) }

def main
  turns = Queue.new
  done = Queue.new
  start(turns, done)
  kept = {}
  Integer(ENV.fetch("DUMPS")).times do |d|
    EVERY.times do |j|
      kept[kept.size] = OfMain.new
      turns << j
      done.pop
      Array.new(20) { |i| "of job #{j} #{i}" }
      Hda.tick
    end
    GC.start
    sleep 0.01 until Hda.status[:dumps] > d
  end
  kept.size
end
puts "#{main} #{Hda.status[:failures]}"
