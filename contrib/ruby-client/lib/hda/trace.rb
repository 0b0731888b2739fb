# frozen_string_literal: true

# Allocation tracing, switched by whoever asks for it and for as long as he asked. SPDX-License-Identifier: BSD-2-Clause
require "hda/clock"

module Hda
  # Ruby counts its starts and stops itself, so that another tool's tracing goes on when ours ends.
  module Trace
    # One who wants tracing. till: monotonic seconds; nil: for ever. background: no block of the application's ends it.
    class Hold
      attr_reader :till, :pid, :background

      def initialize(till, background)
        @till = till
        @pid = Process.pid
        @background = background
      end
    end

    LOOK_S = 3600.0

    @lock = Mutex.new
    @ended = ConditionVariable.new
    @holds = []
    @since = nil

    class << self
      include Clock

      # Ruby's own tracing is not made for several Ractors: on 3.1 a process crashes that has busy ones while it is on.
      def refused?
        defined?(::Ractor) ? ::Ractor.count > 1 : false
      end

      # Seconds since 1970 when tracing began; nil when it is off.
      attr_reader :since

      def on?
        !@since.nil?
      end

      # Tracing from now on, for `seconds` (nil: for ever): what let_go takes. Any thread. Where it is refused nothing is traced.
      def hold(seconds, background: false)
        h = Hold.new(seconds && mono + seconds, background)
        @holds << h
        settle
        h
      end

      # Ends a hold; twice is fine.
      def let_go(hold)
        settle if @holds.delete(hold)
      end

      # Where no hda thread does it: a thread lets go of the hold in time. It ends with the hold.
      def end_in_time(hold)
        Thread.new do
          @lock.synchronize do
            @ended.wait(@lock, [hold.till - mono, LOOK_S].min) while @holds.include?(hold) && mono < hold.till
          end
          let_go(hold)
        end
      rescue ThreadError
        nil # none is to be had: the block ends it
      end

      def end_background
        @holds.select(&:background).each { |h| let_go(h) }
      end

      # Monotonic seconds when the next hold ends by itself; nil: none does.
      def next_end
        @holds.map(&:till).compact.min
      end

      def expire
        now = mono
        @holds.select { |h| h.till && h.till <= now }.each { |h| let_go(h) }
      end

      # In a process that the application forked: what the parent asked for a while is not for this one.
      def after_fork
        @holds.select { |h| h.till && h.pid != Process.pid }.each { |h| let_go(h) }
      end

      private

      # Tracing is on while somebody holds it.
      def settle
        locked do
          if @holds.empty? then finish if on?
          else start unless on? || refused?
          end
          @ended.broadcast
        end
      end

      # The handler of a signal may not wait for a lock: a thread does it for him.
      def locked(&work)
        @lock.synchronize(&work)
      rescue ThreadError
        begin
          Thread.new { @lock.synchronize(&work) }
        rescue ThreadError
          nil # the next who comes settles it
        end
      end

      def start
        require "objspace"
        ObjectSpace.trace_object_allocations_start
        @since = Process.clock_gettime(Process::CLOCK_REALTIME)
      end

      def finish
        @since = nil
        ObjectSpace.trace_object_allocations_stop
        # Of freed objects nothing is noted any more, so what is known goes; but not when somebody else traces on.
        ObjectSpace.trace_object_allocations_clear unless ObjectSpace.allocation_sourcefile(Object.new)
      end
    end
  end
end
