# frozen_string_literal: true

# Counts jobs; what takes longer is the hda thread's. SPDX-License-Identifier: BSD-2-Clause
require "hda/ask"
require "hda/clock"
require "hda/config"
require "hda/reporter"
require "hda/runner"
require "hda/trace"

module Hda
  # The counter of a process, and its hda thread. tick, request and status: any thread.
  class Agent
    include Clock

    NEVER = (1 << 62) - 1 # the largest number that is no object of its own
    LATE = 10 # a dump that begins more than a tenth of the distance after it was due says the counter of then
    MIX_MAX = 200
    MIX_NAME_MAX = 127 # bytes of a class name in the job mix
    REVIVE_S = 60.0    # between two starts of a thread that somebody ended
    NAME = Module.instance_method(:name) # whatever an application's class method of that name does

    # Where no thread runs yet.
    module NoThread
      def self.alive?
        false
      end
    end

    attr_reader :jobs

    def initialize(config)
      @config = config
      @lock = Mutex.new
      @stopped = false
      @pid = nil
      @thread = NoThread
      reset
    end

    # A job is over. No allocation but at a mark, or when a dump is due.
    #
    # Who we are is not asked of the system each time (a system call, 50 to 1300 ns): in a process that was forked no thread but the
    # forking one lives, so that a dead hda thread is the sign of a fork, at the price of one call without allocation. It is exact:
    # Ruby itself marks the threads of the parent as dead. A fork behind Ruby's back, by an extension, is seen at the next mark,
    # and before any dump.
    def tick(klass = nil)
      revive unless @thread.alive?
      if klass
        # In line: each call more is 25 ns. Nothing is asked of klass itself, which may be anything.
        cell = case klass
               when Module then @cells[klass] || class_cell(klass)
               when String, Symbol then @mix[klass] || new_cell(klass)
               else @mix["other"] || new_cell("other")
               end
        cell[0] += 1
      end
      # Nothing between this line and event() lets another thread in: the job that makes a dump due is the one it is named after.
      n = (@jobs += 1)
      event(n) if n >= @next_event
      nil
    end

    # Asks the hda thread for a dump. wait: false, true (until it is over) or seconds. True, or the reason why not.
    def request(reason, wait: false)
      revive unless same_process? && @thread.alive?
      return "no thread could be started" unless @runner && @thread.alive?
      waiter = wait ? Waiter.new : nil
      got = @runner.ask(Ask.new(reason.to_s, waiter: waiter))
      return got unless got == true && waiter
      seconds = wait.is_a?(Numeric) && wait.real? ? wait : @config.deadline + @config.ack_timeout + Ask::PATIENCE_S
      waiter.wait(seconds) || "it is not over after #{seconds} s"
    rescue ThreadError
      "asked for; a signal's handler cannot wait"
    end

    # What it does: a Hash.
    def status
      now = { jobs: @jobs, pid: @pid || Process.pid, thread: @thread.alive? }
      r = @runner
      r ? r.status.merge(now) : { state: @stopped ? :off : :idle, dumps: 0, attempts: 0, failures: {} }.merge(now)
    end

    def stop
      @stopped = true
      @next_event = NEVER
      @runner.stop if @runner && same_process?
      nil
    end

    # The hda thread looks again at what it waits for; it is started where there is none.
    def wake
      revive unless same_process? && @thread.alive?
      @runner.wake if @runner && same_process?
    end

    # --- for the hda thread ---

    # Enough jobs were done since the dump before.
    def due?
      @next_event == NEVER && !@stopped
    end

    # What stands in a header: as it was when the dump became due, or as it is now. When it had to wait (for the dump before, for the
    # daemon) and many more jobs are done, the heap is theirs, too.
    def taken(reason)
      due = reason == "every" ? @taken : nil
      return due if due && (@jobs - due["jobs"]) * LATE <= @config.every

      now = { "jobs" => @jobs, "job_mix" => mix, "marks" => marks }
      @taken = now if due
      now
    end

    def forget_taken
      @taken = nil
    end

    # Lets go of the classes of jobs: one that the application unloads is held until the next dump at most.
    def forget_classes
      @cells.clear
    end

    # The next dump is due `every` jobs from the dump before (give or take the jitter), with two marks on the way. When jobs were
    # faster than that dump, this is in the past: due at the next tick.
    def plan
      from = @taken ? @taken["jobs"] : @jobs
      span = @config.every
      span += ((rand - 0.5) * 2 * @config.jitter * span).round
      span = 1 if span < 1
      @taken = nil
      @due = from + span
      @mark1 = from + span / 3
      @mark2 = from + 2 * span / 3
      @m1_gc = @m2_gc = nil
      @next_event = @mark1 > from ? @mark1 : @due
    end

    private

    def same_process?
      Process.pid == @pid
    end

    # From zero.
    def reset
      @jobs = 0
      @mix = {}
      @cells = {}.compare_by_identity # those of @mix by class; emptied before each dump, since it holds them
      @taken = nil
      plan
    end

    # The hda thread is not there: at the first tick, in a process forked by the application, or when the application ended it.
    # Only one thread sees to it, and no other waits.
    def revive
      return if @stopped || !@lock.try_lock
      begin
        return if @thread.alive?
        if same_process?
          return if mono < @revive_at
        else
          new_life
        end
        @revive_at = mono + REVIVE_S
        start_thread
      ensure
        @lock.unlock
      end
    end

    # Start, or a fork by the application: everything of the parent's is let go of.
    def new_life
      first = @pid.nil?
      @pid = Process.pid
      @runner.forget if @runner
      @runner = nil
      @reporter ||= Reporter.new(@config.logger) # what the parent said of late need not be said again
      return if first
      Trace.after_fork
      reset
    end

    # Whatever the system refuses, no job hears of it.
    def start_thread
      @config.guess
      @runner ||= Runner.new(self, @config, @reporter)
      runner = @runner
      @thread = Thread.new { runner.run }
      @thread.name = "hda"
      @thread.report_on_exception = false
    rescue ThreadError, SystemCallError => e
      @reporter.say(:thread, e.message)
    end

    def event(n)
      return forked_unseen unless same_process?
      if n >= @due
        @taken = { "jobs" => n, "job_mix" => mix, "marks" => marks }
        @next_event = NEVER # one wake-up a dump: plan() sets it again
        @runner.wake if @runner
      elsif n >= @mark2
        @m2_jobs, @m2_time, @m2_gc = n, Process.clock_gettime(Process::CLOCK_REALTIME), GC.count
        @next_event = @due
      else
        @m1_jobs, @m1_time, @m1_gc = n, Process.clock_gettime(Process::CLOCK_REALTIME), GC.count
        @next_event = @mark2
      end
    end

    # By an extension that called fork(2) itself: for Ruby the parent's threads are alive.
    def forked_unseen
      @thread = NoThread
      revive
    end

    def marks
      [@m1_gc && [@m1_jobs, @m1_time, @m1_gc], @m2_gc && [@m2_jobs, @m2_time, @m2_gc]].compact
    end

    # Of a class without a name, which may get one, the next tick asks again.
    def class_cell(klass)
      name = NAME.bind_call(klass)
      cell = @mix[name || "other"] || new_cell(name || "other")
      @cells[klass] = cell if name && @cells.size < MIX_MAX
      cell
    end

    def new_cell(name)
      text = name.to_s
      name = "other" if @mix.size >= MIX_MAX - 1 || text.bytesize > MIX_NAME_MAX || !text.valid_encoding?
      @mix[name] ||= [0]
    end

    # Of a copy: a job that adds a class while this goes through them would be raised at.
    def mix
      @mix.dup.each_with_object({}) { |(name, cell), h| h[name.to_s] = h.fetch(name.to_s, 0) + cell[0] }
    end
  end
end
