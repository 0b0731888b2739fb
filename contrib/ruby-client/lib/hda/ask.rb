# frozen_string_literal: true

# A dump that somebody asked for. SPDX-License-Identifier: BSD-2-Clause
require "hda/clock"
require "hda/host"
require "hda/trace"

module Hda
  # From Hda.dump! (with a waiter) or from the daemon (with a token). With tracing it is due when the tracing is over.
  class Ask
    include Clock

    PATIENCE_S = 30.0  # how long a daemon may say "later" before the answer is no
    TRACED_MAX_S = 3600

    attr_reader :reason, :token, :traced_s
    attr_accessor :at # monotonic seconds: when it is due

    def initialize(reason, token: nil, traced_s: 0, waiter: nil)
      @reason = reason
      @token = token
      @traced_s = traced_s
      @waiter = waiter
    end

    # The hda thread took it on.
    def accept(jobs, rate)
      @at = mono + @traced_s
      @give_up = @at + PATIENCE_S
      return unless @traced_s > 0
      @before = { jobs: jobs, rate: rate, at: mono, rss: Host.rss.to_i, gc: GC.count, allocated: GC.stat(:total_allocated_objects) }
      @hold = Trace.hold(@traced_s + PATIENCE_S)
    end

    # Tracing has done its work: the child has its own.
    def trace_off(jobs)
      return unless @hold
      took = mono - @before[:at]
      @cost = { "traced_ms" => (took * 1000).round, "allocated" => GC.stat(:total_allocated_objects) - @before[:allocated],
                "rss_grew" => [Host.rss.to_i - @before[:rss], 0].max, "gc_runs" => GC.count - @before[:gc],
                "rate_before" => @before[:rate].to_f, "rate_traced" => (jobs - @before[:jobs]) / took }
      Trace.let_go(@hold)
      @hold = nil
    end

    # What the tracing cost; empty without.
    def cost
      @cost || {}
    end

    def patient?
      mono < @give_up
    end

    # result: true, or the reason why not.
    def done(result)
      Trace.let_go(@hold) if @hold
      @hold = nil
      @waiter.answer(result) if @waiter
    end
  end

  # One thread waits here for another's word.
  class Waiter
    include Clock

    LOOK_S = 3600.0

    def initialize
      @lock = Mutex.new
      @cond = ConditionVariable.new
      @result = nil
    end

    def answer(result)
      @lock.synchronize do
        @result = result
        @cond.broadcast
      end
    end

    # The word, or nil when it did not come within so many seconds.
    def wait(seconds)
      till = mono + seconds
      @lock.synchronize do
        while @result.nil? && (left = till - mono) > 0
          @cond.wait(@lock, [left, LOOK_S].min) # there is no waiting for ever, nor for 1e300 seconds, at once
        end
        @result
      end
    end
  end
end
